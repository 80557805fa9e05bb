// Package idempotency is the answer to a request that is done once, however often
// it is sent: what a store remembers by the key that the caller gave it
// (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header).
package idempotency

import (
	"time"

	"theriac/refusal"
)

var (
	// ErrConflict is returned for a key that stands for another request.
	ErrConflict = refusal.New("idempotency_conflict", "the idempotency key was used for another request")
	// ErrInProgress is returned for a key whose request is being worked on.
	ErrInProgress = refusal.New("in_progress", "the request with this idempotency key is being worked on")
)

// Lease is how long who began a request has for it. After that another may take
// it over: whoever began may have crashed.
const Lease = 2 * time.Minute

// A Response is an answer as it was sent.
type Response struct {
	Status int
	Type   string
	Body   []byte
}
