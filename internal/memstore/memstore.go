// Package memstore keeps what an organisation's desks keep in memory, for tests
// that need no disk. It obeys the laws of package storetest, but for survival.
package memstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/internal/access"
	"theriac/internal/audit"
	"theriac/internal/idempotency"
	"theriac/internal/registry"
	"theriac/internal/supply"
)

// A Store is an organisation's. Its methods may be called at once.
type Store struct {
	mu           sync.Mutex
	messages     []supply.Message // in order of writing, like all that follow
	batches      []supply.Batch
	jobs         []supply.Job
	documents    []document
	entries      []audit.Entry
	applications []registry.Application
	reports      []supply.Report
	holdings     []canon.Digest
	responses    map[string]response
	people       []access.Person // counts and invitation are not in here
	invitations  []access.Invitation
	passkeys     []access.Passkey
	sessions     []access.Session
	genuine
}

type document struct {
	supply.Document
	mentions map[string]bool
}

type response struct {
	idempotency.Response // status 0: being worked on

	request canon.Digest
	at      time.Time
}

// New returns an empty store.
func New() *Store {
	return &Store{responses: map[string]response{}, genuine: genuine{
		lineKeys: map[canon.Digest][]api.LineKey{}, registrations: map[canon.Digest]registration{}, consignments: map[canon.Digest]supply.Consignment{},
	}}
}

// begin locks the store for a call, unless the caller has gone.
func (s *Store) begin(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	return s.mu.Unlock, nil
}

// moment returns a time as stores keep it.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// A listing is what a cursor belongs to: one is no other's.
type listing byte

const (
	inMail listing = iota + 1
	inBook
	inBatches
	inJobs
	inStock
)

// page returns the places of a page in a list of n: those before the cursor that
// match, the last first, and the cursor that comes after them.
func (l listing) page(cursor string, limit, n int, match func(int) bool) (places []int, next string, err error) {
	if limit < 1 {
		return nil, "", fmt.Errorf("%w: a limit of %d", supply.ErrRequest, limit)
	}
	before := uint64(n)
	if cursor != "" {
		raw, err := canon.ParseText(cursor)
		if err != nil || len(raw) != 9 || raw[0] != byte(l) || raw[1] > math.MaxInt8 {
			return nil, "", fmt.Errorf("%w: no such cursor", supply.ErrRequest)
		}
		before = min(before, binary.BigEndian.Uint64(raw[1:]))
	}
	for i := int(before) - 1; i >= 0; i-- {
		switch {
		case !match(i):
		case len(places) == limit:
			last := places[len(places)-1]
			return places, canon.Text(binary.BigEndian.AppendUint64([]byte{byte(l)}, uint64(last))), nil
		default:
			places = append(places, i)
		}
	}
	return places, "", nil
}
