package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/internal/cometbft"
	"theriac/refusal"
)

var (
	errUnauthorised = refusal.New("unauthorised", "this needs a login, or the operator's token")
	errTooMany      = refusal.New("too_many_requests", "too many requests from this address; wait a little")
	errInternal     = refusal.New("internal", "something broke here; the operator's log says what")
	errTooLarge     = refusal.New("oversized", "the request is larger than it may be")
	errRequest      = refusal.New("bad_request", "the request cannot be meant")
)

// A problem is an api.Problem that huma can send.
type problem struct{ api.Problem }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (*problem) ContentType(string) string { return "application/problem+json" }

// statuses are the HTTP statuses of refusals that are not 422, which says that a
// well-formed request was refused for what it asks.
var statuses = map[string]int{
	"unauthorised":         http.StatusUnauthorized,
	"forbidden":            http.StatusForbidden,
	"passkey_refused":      http.StatusForbidden,
	"passkey_cloned":       http.StatusForbidden,
	"invitation_refused":   http.StatusForbidden,
	"last_administrator":   http.StatusConflict,
	"ceremony_over":        http.StatusConflict,
	"not_found":            http.StatusNotFound,
	"unknown_serial":       http.StatusNotFound,
	"unknown_batch":        http.StatusNotFound,
	"unknown_member":       http.StatusNotFound,
	"wrong_role":           http.StatusForbidden,
	"not_a_governor":       http.StatusForbidden,
	"not_the_issuer":       http.StatusForbidden,
	"not_the_maker":        http.StatusForbidden,
	"member_inactive":      http.StatusForbidden,
	"exists":               http.StatusConflict,
	"already_dispensed":    http.StatusConflict,
	"already_verified":     http.StatusConflict,
	"superseded":           http.StatusConflict,
	"wrong_consignee":      http.StatusForbidden,
	"not_the_registrar":    http.StatusForbidden,
	"unknown_line":         http.StatusNotFound,
	"unknown_registration": http.StatusNotFound,
	"already_redeemed":     http.StatusConflict,
	"no_codes":             http.StatusNotFound,
	"wrong_state":          http.StatusConflict,
	"batch_exists":         http.StatusConflict,
	"idempotency_conflict": http.StatusConflict,
	"in_progress":          http.StatusConflict,
	"replayed":             http.StatusConflict,
	"oversized":            http.StatusRequestEntityTooLarge,
	"epcis_too_large":      http.StatusRequestEntityTooLarge,
	"method_not_allowed":   http.StatusMethodNotAllowed,
	"cross_origin":         http.StatusForbidden,
	"too_many_requests":    http.StatusTooManyRequests,
	"busy":                 http.StatusServiceUnavailable,
	"maker_unreachable":    http.StatusServiceUnavailable,

	"registrar_unreachable": http.StatusServiceUnavailable,
	"device_unreachable":    http.StatusServiceUnavailable,
	"internal":              http.StatusInternalServerError,
	"bad_request":           http.StatusBadRequest,
	"non_canonical":         http.StatusBadRequest,
}

// problemOf is the one place where refusals become problem documents. An error
// that is no refusal is ours, and its text stays here.
func problemOf(err error) *problem {
	code := refusal.Code(err)
	switch {
	case code != "":
	case errors.Is(err, cometbft.ErrBusy), errors.Is(err, cometbft.ErrStopped):
		code = "busy"
	default:
		code, err = errInternal.Code(), errInternal
	}
	status, ok := statuses[code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	return newProblemDoc(status, code, err.Error())
}

func newProblemDoc(status int, code, detail string) *problem {
	return &problem{api.Problem{
		Type: "urn:theriac:problem:" + code, Title: strings.ReplaceAll(code, "_", " "), Status: status, Detail: detail, Code: code,
	}}
}

// newProblem makes the problem documents of huma's own refusals: a body that does
// not fit its schema, and the like.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	if msg == "cannot read request body" {
		status = http.StatusBadRequest // it broke off, which is not ours
	}
	for _, e := range errs {
		if e != nil {
			msg += "; " + e.Error()
		}
	}
	code := errRequest.Code()
	switch status {
	case http.StatusRequestEntityTooLarge:
		code = errTooLarge.Code()
	case http.StatusInternalServerError:
		code, msg = errInternal.Code(), errInternal.Error()
	case http.StatusUnprocessableEntity:
		status = http.StatusBadRequest
	}
	return newProblemDoc(status, code, msg)
}

// fail turns a desk's error into the answer, and logs what is not a refusal.
func (s *server) fail(err error) error {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		s.Log.Error("request", "err", err)
	}
	return p
}
