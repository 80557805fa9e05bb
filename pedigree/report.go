package pedigree

import (
	"bytes"
	"crypto"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"theriac/canon"
	"theriac/envelope"
	"theriac/refusal"
)

// ErrReport is returned for a report that says less than a report must, or what
// none can say.
var ErrReport = refusal.New("bad_report", "the report is incomplete or contradicts itself")

// ReportType is the media type (JWS typ) of reports.
const ReportType = "theriac-report"

// The kinds of reports.
const (
	SuspectedFake   = "suspected_fake"
	AdverseReaction = "adverse_reaction"
)

// textAlso is what people's keyboards write beside printable characters: line feeds,
// spaces that do not break, and what joins letters and emoji. What turns text
// round is not among them.
const textAlso = "\n\u00a0\u202f\u200c\u200d"

// Limits of a report.
const (
	MaxReport     = 32 << 10 // bytes of the JWS
	maxReportText = 4000     // characters
	maxReportCode = 2000     // bytes
)

// Claims of a report are what anybody who scanned a pack says of it: a suspected
// fake or an adverse reaction. Members stand in the order of their JSON names.
type ReportClaims struct {
	Chain    string         `json:"chain"`
	Code     string         `json:"code"` // what was scanned, as an element string
	Contact  string         `json:"contact,omitzero"`
	IssuedAt int64          `json:"iat"` // seconds, by the reporter's clock
	ID       canon.ID       `json:"jti"` // random
	Kind     string         `json:"kind"`
	Page     canon.Digest   `json:"page,omitzero"` // of the page that the reporter used
	Reaction *Reaction      `json:"reaction,omitzero"`
	Text     string         `json:"text"`
	Verdict  *ReportVerdict `json:"verdict,omitzero"`
}

// A Reaction is what a regulator asks of an adverse reaction beside the text, in
// the words of ICH E2B(R3): age group (D.2.3), start (E.i.4), outcome (E.i.7), sex
// (D.5). Of the person no name is asked for.
type Reaction struct {
	AgeGroup string `json:"age_group,omitzero"`
	Onset    string `json:"onset,omitzero"` // YYYY-MM-DD
	Outcome  string `json:"outcome,omitzero"`
	Sex      string `json:"sex,omitzero"`
}

// A ReportVerdict is what the page had said of the pack.
type ReportVerdict struct {
	Code    string `json:"code,omitzero"` // of the refusal
	Outcome string `json:"outcome"`
}

// A Report is a signed report. Its key is the reporter's own and nobody's on the
// ledger: a pseudonym, under which one reporter may report again.
type Report struct {
	Claims ReportClaims
	Key    envelope.Key

	raw []byte
}

// Raw returns the exact characters of the JWS.
func (r *Report) Raw() []byte { return r.raw }

// Digest returns the digest of the signed report, by which the ledger knows it.
func (r *Report) Digest() canon.Digest { return canon.Sum(r.raw) }

// ID names the report by key and jti. It cannot be guessed: the ledger has the
// digest only, and what a reporter makes twice under one jti is one report.
func (r *Report) ID() canon.ID {
	kid := r.Key.ID()
	d := canon.Hash("theriac/report/1", kid[:], r.Claims.ID[:])
	return canon.ID(d[:16])
}

// reportHeader is the one spelling of the header of a report by a key.
func reportHeader(k envelope.Key) []byte {
	p := k.Point()
	return fmt.Appendf(nil, `{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"%s","y":"%s"},"typ":"%s"}`,
		canon.Text(p[1:33]), canon.Text(p[33:]), ReportType)
}

// Where the coordinates of the key stand in the header.
const (
	xOffset = len(`{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"`)
	yOffset = xOffset + 43 + len(`","y":"`)
)

// SignReport signs a report with the reporter's key.
func SignReport(s crypto.Signer, c ReportClaims) (*Report, error) {
	key, err := envelope.KeyOf(s)
	if err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	payload, err := canon.JSON(c)
	if err != nil {
		return nil, err
	}
	signed := canon.Text(reportHeader(key)) + "." + canon.Text(payload)
	sig, err := envelope.SignDigest(s, canon.Sum([]byte(signed)))
	if err != nil {
		return nil, err
	}
	return &Report{c, key, []byte(signed + "." + canon.Text(sig))}, nil
}

// ParseReport reads a report and verifies it by the key that it carries: that
// proves that one reporter wrote all of it, and not who. The header has one
// spelling, so no other algorithm and no foreign key can be named.
func ParseReport(raw []byte) (*Report, error) {
	if len(raw) > MaxReport {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", envelope.ErrOversized, len(raw), MaxReport)
	}
	parts := bytes.Split(raw, []byte("."))
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: %d parts", envelope.ErrNonCanonical, len(parts))
	}
	var plain [3][]byte
	for i, p := range parts {
		b, err := canon.ParseText(p)
		if err != nil {
			return nil, fmt.Errorf("%w: part %d: %w", envelope.ErrNonCanonical, i+1, err)
		}
		plain[i] = b
	}
	key, err := reportKey(plain[0])
	if err != nil {
		return nil, err
	}
	signed := raw[:len(parts[0])+1+len(parts[1])]
	if err := key.VerifyDigest(canon.Sum(signed), plain[2]); err != nil {
		return nil, err
	}
	r := &Report{Key: key, raw: bytes.Clone(raw)}
	if err := canon.DecodeJSON(plain[1], &r.Claims); err != nil {
		return nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	return r, r.Claims.Check()
}

func reportKey(header []byte) (envelope.Key, error) {
	if len(header) < yOffset+43 {
		return envelope.Key{}, fmt.Errorf("%w: header", envelope.ErrNonCanonical)
	}
	x, errX := canon.ParseDigest(string(header[xOffset : xOffset+43]))
	y, errY := canon.ParseDigest(string(header[yOffset : yOffset+43]))
	if errX != nil || errY != nil {
		return envelope.Key{}, fmt.Errorf("%w: key", envelope.ErrNonCanonical)
	}
	key, err := envelope.ParseKey(append(append([]byte{4}, x[:]...), y[:]...))
	if err != nil {
		return envelope.Key{}, fmt.Errorf("%w: %w", envelope.ErrUnknownKey, err)
	}
	if !bytes.Equal(header, reportHeader(key)) {
		return envelope.Key{}, fmt.Errorf("%w: header", envelope.ErrNonCanonical)
	}
	return key, nil
}

func wrong(member, why string) error { return fmt.Errorf("%w: %s: %s", ErrReport, member, why) }

// Check returns ErrReport unless the claims are a report.
func (c *ReportClaims) Check() error {
	switch {
	case c.Chain == "" || len(c.Chain) > 64 || !plainText(c.Chain, ""):
		return wrong("chain", "the chain's name is missing")
	// FNC1 stands between elements as U+001D.
	case c.Code == "" || len(c.Code) > maxReportCode || !plainText(c.Code, "\x1d"):
		return wrong("code", "1 to 2,000 bytes of what was scanned")
	case len(c.Contact) > maxText || !plainText(c.Contact, ""):
		return wrong("contact", "at most 200 bytes of printable text")
	case c.IssuedAt < 0 || c.IssuedAt >= 1<<53:
		return wrong("iat", "a time in seconds")
	case c.ID == canon.ID{}:
		return wrong("jti", "16 random bytes")
	case c.Kind != SuspectedFake && c.Kind != AdverseReaction:
		return wrong("kind", "suspected_fake or adverse_reaction")
	case c.Text == "" || utf8.RuneCountInString(c.Text) > maxReportText || !plainText(c.Text, textAlso):
		return wrong("text", "1 to 4,000 printable characters")
	case c.Reaction != nil && c.Kind != AdverseReaction:
		return wrong("reaction", "a suspected fake has none")
	}
	if v := c.Verdict; v != nil && (v.Outcome == "" || !codeLike(v.Outcome) || !codeLike(v.Code)) {
		return wrong("verdict", "outcome and code are codes")
	}
	return c.Reaction.check()
}

func (r *Reaction) check() error {
	if r == nil {
		return nil
	}
	if (*r == Reaction{}) {
		return wrong("reaction", "leave it out when there is nothing to say")
	}
	if r.Onset != "" {
		if _, err := Day("onset", r.Onset); err != nil {
			return wrong("reaction", "onset is written YYYY-MM-DD")
		}
	}
	for _, m := range []struct{ name, value, allowed string }{
		{"age_group", r.AgeGroup, "foetus neonate infant child adolescent adult elderly"},
		{"outcome", r.Outcome, "recovered recovering not_recovered recovered_with_sequelae fatal unknown"},
		{"sex", r.Sex, "female male other"},
	} {
		if m.value != "" && !member(m.value, m.allowed) {
			return wrong("reaction", m.name+" is one of "+m.allowed)
		}
	}
	return nil
}

func member(word, of string) bool {
	for w := range strings.FieldsSeq(of) {
		if w == word {
			return true
		}
	}
	return false
}

// plainText refuses what could hide something on a screen, and text that JSON
// cannot carry.
func plainText(s, also string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) && !strings.ContainsRune(also, r)
	})
}

func codeLike(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// A ReportNotice is exchange 9: a report handed on to who must hear of it. All of it
// is withheld from the ledger, which sees who told whom when, and as the case the
// digest of the report: by that its reporter finds it there.
type ReportNotice struct {
	Report string `json:"report,omitzero"` // the JWS
}

// Type returns TypeReport.
func (*ReportNotice) Type() string { return TypeReport }

// Check implements Content: of what is shown.
func (c *ReportNotice) Check() error {
	if c.Report == "" {
		return nil
	}
	_, err := ParseReport([]byte(c.Report))
	return err
}

// Open returns the report of a notice that came under a case, or ErrReport if it is
// not the one that the case names or not of this chain.
func (c *ReportNotice) Open(chain, name string) (*Report, error) {
	r, err := ParseReport([]byte(c.Report))
	switch {
	case err != nil:
		return nil, err
	case r.Claims.Chain != chain:
		return nil, wrong("chain", "it is for another ledger")
	case r.Digest().String() != name:
		return nil, fmt.Errorf("%w: %s, not %s", ErrCase, name, r.Digest())
	}
	return r, nil
}
