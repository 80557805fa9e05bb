package supply_test

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/memstore"
	"theriac/internal/supply"
	"theriac/lightclient"
)

// A town is a ledger with organisations at their desks. They meet over calls of
// each other's Receive. All of it lives in a synctest bubble, on its clock.
type town struct {
	*ledgertest.World
	t                        *testing.T
	began                    time.Time // of the bubble
	start                    time.Time // what the town's clock showed then
	mu                       sync.Mutex
	offices                  map[string]*office // by GLN
	ms, dm, dd, da, pharmacy *office
}

// An office is one organisation: what outlives a crash, and the desk of now.
type office struct {
	town  *town
	org   *ledgertest.Org
	store *memstore.Store
	packs *packs
	seal  hpke.PrivateKey
	log   *strings.Builder
	looks int // at leaves, for evidence

	mu    sync.Mutex
	desk  *supply.Desk
	ctx   context.Context
	end   context.CancelFunc
	group sync.WaitGroup

	post   func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error)
	opens  func(ctx context.Context, to *office, id gs1.Identifier) (*api.Opening, error)
	paths  func(ctx context.Context, to *office, batch canon.Digest, index uint64) (*api.CodePath, error)
	submit func(ctx context.Context, tx []byte) (ledger.Result, error)
	settle func(m *supply.Message) error
	work   func(b *supply.Batch) error // before a batch is written
	put    func()                      // after a report is written
	hand   func(id canon.ID) error     // before a report is marked

	bench
}

// A site is a ledger before anybody has a desk: towns are built on copies of it.
type site struct {
	*ledgertest.World
	seals map[string]hpke.PrivateKey // by GLN
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{ledgertest.NewWorld(t), map[string]hpke.PrivateKey{}}
	s.Develop()
	s.Approve()
	for _, org := range []*ledgertest.Org{s.MS, s.DM, s.DD, s.DA, s.Pharmacy} {
		seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		s.seals[org.GLN] = seal
		s.Admit(org.Tx(s.Now, chain.KindProfile, chain.Profile{
			Name: org.Name, Endpoint: "http://" + org.GLN, SealKey: seal.PublicKey().Bytes(),
		}))
	}
	return s
}

func newTown(t *testing.T) *town {
	t.Helper()
	return newSite(t).town(t)
}

func (s *site) town(t *testing.T) *town {
	t.Helper()
	w := s.Fork(t)
	n := &town{World: w, t: t, began: time.Now(), start: w.Now.Add(time.Minute), offices: map[string]*office{}}
	for _, o := range []struct {
		at  **office
		org *ledgertest.Org
	}{{&n.ms, w.MS}, {&n.dm, w.DM}, {&n.dd, w.DD}, {&n.da, w.DA}, {&n.pharmacy, w.Pharmacy}} {
		*o.at = n.office(o.org, s.seals[o.org.GLN])
	}
	t.Cleanup(func() {
		for _, o := range n.offices {
			o.close()
		}
	})
	return n
}

func (n *town) office(org *ledgertest.Org, seal hpke.PrivateKey) *office {
	o := &office{town: n, org: org, store: memstore.New(), packs: newPacks(), seal: seal, log: &strings.Builder{}}
	o.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) { return to.receive(ctx, raw) }
	o.opens = func(ctx context.Context, to *office, id gs1.Identifier) (*api.Opening, error) {
		return to.at().OwnOpening(ctx, id)
	}
	o.paths = func(ctx context.Context, to *office, batch canon.Digest, index uint64) (*api.CodePath, error) {
		return to.at().CodePath(ctx, batch, index)
	}
	o.submit = n.commit
	o.bench = newBench()
	n.offices[org.GLN] = o
	o.open()
	return o
}

// now is the town's clock.
func (n *town) now() time.Time { return n.start.Add(time.Since(n.began)) }

// pass lets time pass in a bubble, and what it brings come to its end.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// open begins a desk over what the office has.
func (o *office) open() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ctx, o.end = context.WithCancel(context.Background())
	o.desk = &supply.Desk{
		GLN: o.org.GLN, Chain: ledgertest.ChainID, Ledger: node{o}, Keys: keys{o}, Messages: mail{o.store, o}, Archive: o.store,
		Works: works{o.store, o}, Jobs: o.store, Documents: o.store, Audit: o.store, Reports: reports{o.store, o}, Lists: o.store, Records: node{o}, Post: post{o}, Packs: o.packs,
		Lines: lines{o.store, o}, Registrations: registrations{o.store, o}, Consignments: o.store, Instruments: table{o}, Devices: []string{scales},
		Now: o.town.now, NewID: ledgertest.NewID, Log: slog.New(slog.NewTextHandler(o.log, nil)),
	}
	o.desk.Open()
	if err := o.desk.Resume(o.ctx); err != nil {
		o.town.t.Errorf("Resume: %v", err)
	}
}

// sending lets the desk of now send its mail until it is closed.
func (o *office) sending() {
	d, ctx := o.at(), o.ctx
	o.group.Go(func() { d.Deliver(ctx) })
}

func (o *office) close() {
	o.end()
	o.group.Wait()
	o.at().Close()
}

// crash drops the desk wherever it is, and opens another over the same stores.
func (o *office) crash() {
	o.close()
	o.open()
	o.sending()
}

func (o *office) at() *supply.Desk {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.desk
}

// receive hands a message in. A crash of the office ends it.
func (o *office) receive(ctx context.Context, raw []byte) (*api.Receipt, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	o.mu.Lock()
	d := o.desk
	stop := context.AfterFunc(o.ctx, end)
	o.mu.Unlock()
	defer stop()
	return d.Receive(ctx, "192.0.2.1:1", raw)
}

// commit makes a block of one transaction.
func (n *town) commit(_ context.Context, tx []byte) (ledger.Result, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := n.now()
	if next := n.Now.Add(time.Millisecond); at.Before(next) {
		at = next
	}
	n.Now = at.Add(-time.Second) // Block adds it
	return n.Block(tx)[0], nil
}

// admit applies a transaction of anybody's.
func (n *town) admit(tx []byte) {
	n.t.Helper()
	if r, _ := n.commit(n.t.Context(), tx); r.Outcome != chain.Applied {
		n.t.Fatalf("refused: %s: %s", r.Code, r.Text)
	}
}

// leaves counts the leaves with a tag.
func (n *town) leaves(tag string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.State.Tags[tag])
}

// A node is the ledger as one office sees it.
type node struct{ o *office }

func (x node) Submit(ctx context.Context, tx []byte) (ledger.Result, error) {
	return x.o.submit(ctx, tx)
}

func (x node) Get(key []byte) ([]byte, error) {
	x.o.town.mu.Lock()
	defer x.o.town.mu.Unlock()
	return x.o.town.State.Get(key)
}

func (x node) Leaf(index uint64) (chain.Leaf, []byte, error) {
	n := x.o.town
	n.mu.Lock()
	defer n.mu.Unlock()
	if index >= uint64(len(n.State.Leaves)) {
		return chain.Leaf{}, nil, errors.New("no such leaf")
	}
	return n.State.Leaves[index], n.State.Txs[index], nil
}

func (x node) Evidence(context.Context) ([]lightclient.LightBlock, supply.View, func(), error) {
	n := x.o.town
	n.mu.Lock()
	defer n.mu.Unlock()
	v := n.State.View(n.t)
	return n.Path(ledgertest.NewValidators(4), v.Root()), counted{v, &x.o.looks}, func() {}, nil
}

func (x node) Records(prefix []byte) iter.Seq2[[]byte, []byte] {
	n := x.o.town
	n.mu.Lock()
	records := maps.Clone(n.State.Records)
	n.mu.Unlock()
	return func(yield func([]byte, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(records)) {
			if strings.HasPrefix(k, string(prefix)) && !yield([]byte(k), records[k]) {
				return
			}
		}
	}
}

func (x node) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	n := x.o.town
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.State.TaggedBefore(tag, before, limit), nil
}

// counted is a view that counts the leaves that are looked at.
type counted struct {
	*ledgertest.View
	looks *int
}

func (v counted) Leaf(index uint64) (chain.Leaf, []byte, error) {
	*v.looks++
	return v.View.Leaf(index)
}

// keys are an office's.
type keys struct{ o *office }

func (k keys) Signer() (crypto.Signer, error)    { return k.o.org.Key, nil }
func (k keys) SealKey() (hpke.PrivateKey, error) { return k.o.seal, nil }
func (k keys) Secret() ([]byte, error)           { return []byte("0123456789abcdef0123456789abcdef"), nil }

// mail is a store in which settling can fail.
type mail struct {
	*memstore.Store
	o *office
}

func (s mail) Settle(ctx context.Context, m *supply.Message) error {
	if s.o.settle != nil {
		if err := s.o.settle(m); err != nil {
			return err
		}
	}
	return s.Store.Settle(ctx, m)
}

// works is a store in which writing batches can fail.
type works struct {
	*memstore.Store
	o *office
}

func (s works) PutBatch(ctx context.Context, b *supply.Batch) error {
	if s.o.work != nil {
		if err := s.o.work(b); err != nil {
			return err
		}
	}
	return s.Store.PutBatch(ctx, b)
}

// reports is a store in which handing on can fail.
type reports struct {
	*memstore.Store
	o *office
}

func (s reports) PutReport(ctx context.Context, r *supply.Report) error {
	err := s.Store.PutReport(ctx, r)
	if s.o.put != nil {
		s.o.put()
	}
	return err
}

func (s reports) Hand(ctx context.Context, id canon.ID) error {
	if s.o.hand != nil {
		if err := s.o.hand(id); err != nil {
			return err
		}
	}
	return s.Store.Hand(ctx, id)
}

// post carries to other offices, as well as it is told to.
type post struct{ o *office }

func (p post) to(endpoint string) *office {
	return p.o.town.offices[strings.TrimPrefix(endpoint, "http://")]
}

func (p post) Deliver(ctx context.Context, endpoint string, raw []byte) (*api.Receipt, error) {
	return p.o.post(ctx, p.to(endpoint), raw)
}

func (p post) Opening(ctx context.Context, endpoint string, id gs1.Identifier) (*api.Opening, error) {
	return p.o.opens(ctx, p.to(endpoint), id)
}

func (p post) CodePath(ctx context.Context, endpoint string, batch canon.Digest, index uint64) (*api.CodePath, error) {
	return p.o.paths(ctx, p.to(endpoint), batch, index)
}

// message returns a message of an office's store, which must be there.
func (o *office) message(issuer string, id canon.ID) *supply.Message {
	o.town.t.Helper()
	m, err := o.store.Message(context.Background(), issuer, id)
	if err != nil {
		o.town.t.Fatalf("message %s of %s at %s: %v", id, issuer, o.org.Name, err)
	}
	return m
}

// booked returns the codes in an office's audit book, the newest first.
func (o *office) booked() []string {
	o.town.t.Helper()
	entries, _, err := o.store.Entries(context.Background(), "", 10_000)
	if err != nil {
		o.town.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Action+": "+e.Code)
	}
	return out
}

// idOf returns the identifier of a message that is on its way.
func idOf(raw []byte) canon.ID {
	m, err := envelope.DecodeMessage(raw)
	if err != nil {
		panic(err) // an office signed it
	}
	return m.Envelope.Claims.ID
}
