// Package refusal gives every reason for which Theriac refuses something a
// stable code: the code goes to machines and into the audit log, the text to
// people. Codes are never reused for another meaning; docs/formats.md lists them.
package refusal

import "errors"

// A Refusal is a reason to refuse. Refusals are declared as package variables
// and compared with errors.Is.
type Refusal struct{ code, text string }

// New declares a refusal. The code is lower case with underscores; the text
// completes "refused: …".
func New(code, text string) *Refusal { return &Refusal{code, text} }

// Error returns the text for people.
func (r *Refusal) Error() string { return r.text }

// Code returns the stable code.
func (r *Refusal) Code() string { return r.code }

// Is makes errors.Is compare codes: a refusal that came from another node is the
// one declared here.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.code == r.code
}

// Code returns the code of the first refusal that err wraps, or "" if it wraps
// none: then something broke, and nobody was refused.
func Code(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.code
	}
	return ""
}
