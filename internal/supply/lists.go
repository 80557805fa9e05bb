package supply

import (
	"context"
	"time"

	"theriac/canon"
)

// Lists page through what a store keeps, the newest first, as Archive.List does.
type Lists interface {
	ListBatches(ctx context.Context, cursor string, limit int) ([]Batch, string, error)
	// ListJobs returns jobs without their specs.
	ListJobs(ctx context.Context, cursor string, limit int) ([]Job, string, error)
	// PutHolding notes that the organisation has, or had, packs of a batch.
	PutHolding(ctx context.Context, batch canon.Digest) error
	Holdings(ctx context.Context, cursor string, limit int) ([]canon.Digest, string, error)
	// Waiting returns what is queued, by receiver and code, of so many messages that
	// are due first.
	Waiting(ctx context.Context, limit int) ([]Backlog, error)
}

// A Backlog is the messages that wait for one receiver for one reason.
type Backlog struct {
	Audience string
	Code     string // of the last failure; empty: not sent yet
	Messages int
	Oldest   time.Time
	Next     time.Time
	Attempts int // of the message that was tried most often
}
