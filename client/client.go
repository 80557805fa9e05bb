// Package client speaks the HTTP API of an organisation. It believes nothing that
// can be verified: evidence goes to package theriac, receipts to the ledger.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"theriac/api"
	"theriac/canon"
	"theriac/genuine"
	"theriac/refusal"
)

// ErrUnreachable is returned if the server does not answer, or not in the API's
// language.
var ErrUnreachable = errors.New("client: the server does not answer")

const (
	maxAnswer  = 64 << 20
	maxReceipt = 1 << 20          // of a stranger who answers a message, or of a device
	maxProblem = 64 << 10         // whatever was asked
	maxText    = 1000             // of a problem, in bytes
	waiting    = 90 * time.Second // for an answer; the ledger is asked meanwhile
	pause      = time.Second      // before a stream that broke is asked for again
	tries      = 5                // so often with nothing new
)

// A Client is a client of one server.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New returns a client of the server at base, an http or https address. The token
// may be empty: then only what is public is open.
func New(base, token string) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("client: %q is not an http address", base)
	}
	return &Client{base: u.String(), token: token, http: &http.Client{
		// A redirect could carry the token to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// With returns the client with another transport, for mutual TLS.
func (c *Client) With(t http.RoundTripper) *Client {
	d := *c
	h := *c.http
	h.Transport = t
	d.http = &h
	return &d
}

// A request is one call.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	media        string
	key          string // Idempotency-Key
	max          int64  // bytes of the answer; 0: maxAnswer
}

// do returns the body of a successful answer, nil for one without content. A
// refusal comes back as an error with the server's code (refusal.Code).
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return nil, problem(res)
	}
	limit := r.max
	if limit == 0 {
		limit = maxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrUnreachable, limit)
	case res.StatusCode == http.StatusNoContent:
		return nil, nil
	}
	return body, nil
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return res, nil
}

var codePattern = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// problem turns an answer that is no success into an error. Code and text are what
// the server says: they go into logs and onto terminals, so they hold no more than
// letters and are short.
func problem(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem+1))
	var p api.Problem
	if err != nil || len(body) > maxProblem || json.Unmarshal(body, &p) != nil || !codePattern.MatchString(p.Code) {
		return fmt.Errorf("%w: status %d", ErrUnreachable, res.StatusCode)
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return refusal.New(p.Code, legible(text))
}

// legible returns text without what steers a terminal or breaks a line.
func legible(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// call sends a value as JSON, or nothing for nil, and decodes the answer.
func call[T any](ctx context.Context, c *Client, r request, send any) (*T, error) {
	if send != nil {
		raw, err := json.Marshal(send)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		r.body, r.media = raw, "application/json"
	}
	raw, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if raw == nil {
		return v, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return v, nil
}

// Get asks for a resource under path and decodes it.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodGet, path: path, query: query}, nil)
}

// Post sends a value to path and decodes the answer. The key names the request:
// sent again under the same key it is done once. An empty key names nothing.
func Post[T any](ctx context.Context, c *Client, path, key string, body any) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodPost, path: path, key: key}, body)
}

// Put replaces what is at path.
func Put[T any](ctx context.Context, c *Client, path string, body any) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodPut, path: path}, body)
}

// Delete ends what is at path.
func Delete(ctx context.Context, c *Client, path string) error {
	_, err := c.do(ctx, request{method: http.MethodDelete, path: path})
	return err
}

// Raw returns the bytes of a resource: a bundle, a trust root, a block.
func (c *Client) Raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.do(ctx, request{method: http.MethodGet, path: path, query: query})
}

// Bundle returns the evidence of a pack, named by any code that is on it.
func (c *Client) Bundle(ctx context.Context, code string) ([]byte, error) {
	return c.Raw(ctx, "/v1/bundles", url.Values{"id": {code}})
}

// Capture hands in an EPCIS document.
func (c *Client) Capture(ctx context.Context, media string, document []byte) (*api.Capture, error) {
	return call[api.Capture](ctx, c, request{method: http.MethodPost, path: "/epcis/capture", body: document, media: media}, nil)
}

// Mark asks who registered things for the mark of one of them.
func (c *Client) Mark(ctx context.Context, registration canon.Digest, index uint64) (*api.Mark, error) {
	path := fmt.Sprintf("/v1/registrations/%s/marks/%d", registration, index)
	return call[api.Mark](ctx, c, request{method: http.MethodGet, path: path, max: maxReceipt}, nil)
}

// Device asks a measuring device for its thumbprint.
func (c *Client) Device(ctx context.Context) (canon.Digest, error) {
	d, err := call[api.Device](ctx, c, request{method: http.MethodGet, path: "/v1/device", max: maxReceipt}, nil)
	if err != nil {
		return canon.Digest{}, err
	}
	return d.ID, nil
}

// Measure has a measuring device measure what lies on it, for a sealed challenge.
func (c *Client) Measure(ctx context.Context, challenge []byte) (*genuine.Answer, error) {
	return call[genuine.Answer](ctx, c, request{method: http.MethodPost, path: "/v1/measure", max: maxReceipt}, api.Challenge{Challenge: challenge})
}

// Deliver hands a signed message to the inbox.
func (c *Client) Deliver(ctx context.Context, message []byte) (*api.Receipt, error) {
	r, err := call[api.Receipt](ctx, c, request{
		method: http.MethodPost, path: "/inbox", body: message, media: "application/json", max: maxReceipt,
	}, nil)
	if err == nil && r.Envelope == "" {
		return nil, fmt.Errorf("%w: no receipt", ErrUnreachable)
	}
	return r, err
}
