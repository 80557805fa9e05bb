// Package audit is a line in the book of what was done and what was refused. A
// refused request leaves nothing else behind.
package audit

import (
	"fmt"
	"time"

	"theriac/refusal"
)

// An Entry is a line of the book. Entries are never changed.
type Entry struct {
	Time    time.Time
	Actor   string // GLN, "operator", or a network address
	Action  string
	Subject string
	Code    string // of the refusal; empty: done
	Detail  string
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
