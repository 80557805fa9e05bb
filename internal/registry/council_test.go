package registry_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/memstore"
	"theriac/internal/registry"
	"theriac/pedigree"
)

// A council is a ledger of governors at their desks, and one member that is none.
type council struct {
	*ledgertest.Chain
	t  *testing.T
	mu sync.Mutex

	governors []*seat
	member    *seat
	clock     time.Time
}

// A seat is an organisation at its desk.
type seat struct {
	*registry.Desk
	org   *ledgertest.Org
	ring  *ring
	store *memstore.Store
	// submit, if set, stands between desk and ledger.
	submit func(tx []byte) (ledger.Result, error)
}

func newCouncil(t *testing.T, n int) *council {
	t.Helper()
	c := &council{t: t, clock: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	var orgs []*ledgertest.Org
	for i := range n {
		orgs = append(orgs, ledgertest.NewOrg(t, fmt.Sprintf("Governor %d", i), fmt.Sprintf("40000000002%d", i), nil, chain.Governor))
	}
	pharmacy := ledgertest.NewOrg(t, "Pharmacy", "400000000005", nil, chain.Pharmacy)
	c.Chain = ledgertest.NewChain(t, c.clock, append(orgs, pharmacy)...)
	for _, o := range orgs {
		c.governors = append(c.governors, c.seat(o))
	}
	c.member = c.seat(pharmacy)
	return c
}

func (c *council) seat(o *ledgertest.Org) *seat {
	s := &seat{org: o, ring: &ring{keys: []crypto.Signer{o.Key}}, store: memstore.New()}
	s.Desk = &registry.Desk{
		GLN: o.GLN, Chain: ledgertest.ChainID, Ledger: node{c, s}, Keys: s.ring, Applications: s.store, Audit: s.store,
		Now: func() time.Time { return c.clock }, NewID: ledgertest.NewID, Log: slog.New(slog.DiscardHandler),
	}
	return s
}

// booked returns the book, the newest first.
func (s *seat) booked(t *testing.T) []string {
	t.Helper()
	entries, _, err := s.store.Entries(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Action+": "+e.Code)
	}
	return out
}

// A node is the ledger as a seat sees it.
type node struct {
	c *council
	s *seat
}

func (n node) Submit(_ context.Context, tx []byte) (ledger.Result, error) {
	if n.s.submit != nil {
		return n.s.submit(tx)
	}
	return n.c.commit(tx), nil
}

func (c *council) commit(tx []byte) ledger.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Block(tx)[0]
}

func (n node) Get(key []byte) ([]byte, error) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	return n.c.State.Get(key)
}

func (n node) Records(prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(n.c.State.Records)) {
			if strings.HasPrefix(k, string(prefix)) && !yield([]byte(k), n.c.State.Records[k]) {
				return
			}
		}
	}
}

var errCrash = errors.New("crash")

// A ring is an organisation's signing keys, as package organisation keeps them.
type ring struct {
	mu    sync.Mutex
	keys  []crypto.Signer
	inUse int
	crash bool // before the turn
}

func (r *ring) Signer() (crypto.Signer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[r.inUse], nil
}

func (r *ring) Next() (crypto.Signer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inUse+1 == len(r.keys) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, key)
	}
	return r.keys[r.inUse+1], nil
}

func (r *ring) Turn() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.crash {
		return errCrash
	}
	if r.inUse++; r.inUse == len(r.keys) {
		return errors.New("there is no such key")
	}
	return nil
}

// apply returns an application of a stranger for a governor's inbox.
func (c *council) apply(o *ledgertest.Org, to *seat) []byte {
	c.t.Helper()
	raw, err := registry.NewApplication(o.Key, o.GLN, to.GLN, pedigree.Application{
		Chain: ledgertest.ChainID, Endpoint: "https://example.org", Name: o.Name, Prefixes: o.Prefixes, Roles: o.Roles,
	}, c.clock, ledgertest.NewID)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

func (c *council) stranger(i int) *ledgertest.Org {
	c.t.Helper()
	return ledgertest.NewOrg(c.t, fmt.Sprintf("Maker %d", i), fmt.Sprintf("4000001%05d", i), []string{fmt.Sprintf("4%05d", i)}, chain.Manufacturer)
}

// status returns a member's keys and standing on the ledger, or nil.
func (c *council) find(gln string) *chain.Member {
	c.t.Helper()
	raw := c.State.Records[string(chain.MemberKey(gln))]
	if raw == nil {
		return nil
	}
	var m chain.Member
	if err := canon.DecodeCBOR(raw, &m); err != nil {
		c.t.Fatal(err)
	}
	return &m
}

func (n node) Leaf(index uint64) (chain.Leaf, []byte, error) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	return n.c.State.Leaves[index], n.c.State.Txs[index], nil
}

func (n node) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	return n.c.State.TaggedBefore(tag, before, limit), nil
}
