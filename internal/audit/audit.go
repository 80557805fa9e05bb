// Package audit is a line in the book of what was done and what was refused. A
// refused request leaves nothing else behind.
package audit

import (
	"context"
	"fmt"
	"time"

	"theriac/refusal"
)

// An Entry is a line of the book. Entries are never changed.
type Entry struct {
	Time    time.Time
	Actor   string // GLN, Operator, a person, or a network address
	Action  string
	Subject string
	Code    string // of the refusal; empty: done
	Detail  string
	Policy  string // that let a person do it
}

// Operator acts where no person does: whoever has the organisation's token.
const Operator = "operator"

// An Authority is a person who acts, and the policy that lets him.
type Authority struct{ Actor, Policy string }

type authorityKey struct{}

// By returns a context in which a acts for the operator.
func By(ctx context.Context, a Authority) context.Context {
	return context.WithValue(ctx, authorityKey{}, a)
}

// In returns the entry of an act in ctx: the operator's is the person's who acts.
func (e Entry) In(ctx context.Context) Entry {
	if a, ok := ctx.Value(authorityKey{}).(Authority); ok && e.Actor == Operator {
		e.Actor, e.Policy = a.Actor, a.Policy
	}
	return e
}

// maxDetail is how many characters of an error are booked: a stranger's words may
// stand in it, and must not fill the book.
const maxDetail = 500

// New returns the entry for an act that ended with err.
func New(at time.Time, actor, action, subject string, err error) Entry {
	e := Entry{Time: at, Actor: actor, Action: action, Subject: subject}
	if err != nil {
		if e.Code = refusal.Code(err); e.Code == "" {
			e.Code = "error"
		}
		e.Detail = fmt.Sprintf("%.*s", maxDetail, err.Error())
	}
	return e
}
