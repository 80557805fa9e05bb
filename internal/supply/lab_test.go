package supply_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/memstore"
	"theriac/internal/supply"
	"theriac/merkle"
	"theriac/pedigree"
)

// A bench is what an office has for paper 001, and what can fail of it.
type bench struct {
	marks func(ctx context.Context, to *office, id canon.Digest, index uint64) (*api.Mark, error)
	keep  func() error // before a registration is written
	drop  func() error // before one is removed
	keys  func() error // before keys of a line are written
	// The device on the office's table:
	device  func() (canon.Digest, error)
	measure func(ctx context.Context, sealed []byte) (*genuine.Answer, error)
}

func newBench() bench {
	return bench{
		marks: func(ctx context.Context, to *office, id canon.Digest, index uint64) (*api.Mark, error) {
			return to.at().Mark(ctx, id, index)
		},
		device: func() (canon.Digest, error) { return canon.Digest{}, errDown },
	}
}

func (p post) Mark(ctx context.Context, endpoint string, id canon.Digest, index uint64) (*api.Mark, error) {
	return p.o.marks(ctx, p.to(endpoint), id, index)
}

// registrations is a store in which writing can fail.
type registrations struct {
	*memstore.Store
	o *office
}

func (s registrations) PutRegistration(ctx context.Context, r *supply.Registration, parts []supply.MarkPart) error {
	if s.o.keep != nil {
		if err := s.o.keep(); err != nil {
			return err
		}
	}
	return s.Store.PutRegistration(ctx, r, parts)
}

func (s registrations) DropRegistration(ctx context.Context, id canon.Digest) error {
	if s.o.drop != nil {
		if err := s.o.drop(); err != nil {
			return err
		}
	}
	return s.Store.DropRegistration(ctx, id)
}

// lines is a store in which writing keys can fail.
type lines struct {
	*memstore.Store
	o *office
}

func (s lines) PutLineKeys(ctx context.Context, line canon.Digest, keys []api.LineKey) error {
	if s.o.keys != nil {
		if err := s.o.keys(); err != nil {
			return err
		}
	}
	return s.Store.PutLineKeys(ctx, line, keys)
}

// scales is the address of the device on an office's table.
const scales = "http://127.0.0.1:9"

// A table is what a measuring device stands on.
type table struct{ o *office }

func (x table) Device(_ context.Context, address string) (canon.Digest, error) {
	if address != scales {
		panic("an address that is not in the settings: " + address)
	}
	return x.o.device()
}

func (x table) Measure(ctx context.Context, _ string, sealed []byte) (*genuine.Answer, error) {
	return x.o.measure(ctx, sealed)
}

// A lab is a town whose manufacturer and supplier have product lines, with a device
// each, and one at the distributor's and the pharmacy's. What the devices do is
// package genuine's; how they are reached is not.
type lab struct {
	*town
	drug, material                *ledgertest.Line
	makers, suppliers             *ledgertest.Device
	carriers, counters, receivers *ledgertest.Device
	batch                         canon.Digest
	reads                         []genuine.Reading // of what lies on any device
}

func newLab(t *testing.T) *lab {
	t.Helper()
	return newSite(t).lab(t)
}

func (s *site) lab(t *testing.T) *lab {
	t.Helper()
	n := s.town(t)
	for _, o := range n.offices {
		o.sending()
	}
	l := &lab{
		town: n, makers: ledgertest.NewDevice(n.DM), suppliers: ledgertest.NewDevice(n.MS), carriers: ledgertest.NewDevice(n.DD),
		counters: ledgertest.NewDevice(n.Pharmacy), receivers: ledgertest.NewDevice(n.DM), reads: ledgertest.Good(),
	}
	l.drug = n.NewLine(n.DM, n.Product, l.makers, l.carriers, l.counters)
	l.material = n.NewLine(n.MS, n.Lot.GTIN, l.suppliers, l.receivers)
	for o, line := range map[*office]*ledgertest.Line{n.dm: l.drug, n.ms: l.material} {
		if _, err := o.at().PutLine(context.Background(), l.update(line)); err != nil {
			t.Fatal(err)
		}
	}
	for o, d := range map[*office]*ledgertest.Device{n.dm: l.receivers, n.dd: l.carriers, n.pharmacy: l.counters} {
		line := l.drug
		if o == n.dm {
			line = l.material
		}
		l.place(o, line, d)
	}
	l.batch = n.release(n.lot("L1"))
	return l
}

// place puts a device of a line on an office's table.
func (l *lab) place(o *office, line *ledgertest.Line, d *ledgertest.Device) {
	o.device = func() (canon.Digest, error) { return kidOf(d.Point), nil }
	o.measure = func(_ context.Context, sealed []byte) (*genuine.Answer, error) {
		c, err := genuine.OpenChallenge(&d.Device, d.Open, sealed)
		if err != nil {
			return nil, err
		}
		return line.Key.Answer(c, l.reads, d.Key)
	}
}

// kidOf returns the name of a device by its point.
func kidOf(point []byte) canon.Digest {
	key, err := envelope.ParseKey(point)
	if err != nil {
		panic(err) // a device has it
	}
	return key.ID()
}

// update returns the update that puts a line as it is now, with a key for each device.
func (l *lab) update(line *ledgertest.Line) *api.LineUpdate {
	l.t.Helper()
	u := &api.LineUpdate{GTIN: line.Put.GTIN, Criteria: line.Put.Criteria, Epoch: line.Put.Epoch}
	for i := range line.Put.Devices {
		d := &line.Put.Devices[i]
		sealed, err := genuine.SealLineKey(ledgertest.ChainID, d, &line.Key)
		if err != nil {
			l.t.Fatal(err)
		}
		u.Devices = append(u.Devices, api.LineDevice{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
		u.Keys = append(u.Keys, api.LineKey{Device: kidOf(d.Point), Epoch: line.Put.Epoch, Sealed: sealed})
	}
	return u
}

// goods are what is to be registered: things on a device, for somebody.
type goods struct {
	line     *ledgertest.Line
	from, to *office
	device   *ledgertest.Device
	change   func(*chain.Terms)
	item     string // of one thing
}

// packsOf says which packs are registered.
func packsOf(from, to uint64) func(*chain.Terms) {
	return func(t *chain.Terms) { t.Ranges = []chain.Range{{From: from, To: to}} }
}

// registering returns what a registration device makes of goods.
func (l *lab) registering(g goods) *api.Registering {
	l.t.Helper()
	terms := chain.Terms{Line: g.line.Key.Line, Epoch: g.line.Key.Epoch, Counter: 1, To: g.to.org.GLN, Place: g.to.org.GLN, Batch: l.batch}
	g.change(&terms)
	c := &genuine.Consignment{
		Chain: ledgertest.ChainID, Counter: terms.Counter, Epoch: terms.Epoch, From: g.from.org.GLN, Line: terms.Line, Place: terms.Place, To: terms.To,
		Item: g.item,
	}
	if _, err := rand.Read(c.Secret[:]); err != nil {
		l.t.Fatal(err)
	}
	out := &api.Registering{Marks: l.marks(g.line, &terms, c), Device: kidOf(g.device.Point)}
	terms.Root = merkle.Root(out.Marks)
	out.Terms = api.Terms(terms)
	l.sign(g, out)
	var err error
	if out.Consignment, err = genuine.SealConsignment(g.to.seal.PublicKey().Bytes(), c); err != nil {
		l.t.Fatal(err)
	}
	return out
}

// marks measures all things of terms.
func (l *lab) marks(line *ledgertest.Line, terms *chain.Terms, c *genuine.Consignment) (all chain.Hashes) {
	l.t.Helper()
	var items []string
	for _, r := range terms.Ranges {
		for i := r.From; i < r.To && !terms.Whole; i++ {
			item, err := genuine.Item(l.scanned(terms.Batch, i)[0])
			if err != nil {
				l.t.Fatal(err)
			}
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		items = []string{c.Item}
	}
	for i, item := range items {
		v, err := line.Key.Verification(ledgertest.Good(), c.Transaction(uint64(i), item))
		if err != nil {
			l.t.Fatal(err)
		}
		all = append(all, chain.MarkLeaf(v))
	}
	return all
}

// sign signs terms anew, as the device does.
func (l *lab) sign(g goods, r *api.Registering) {
	l.t.Helper()
	signed, err := chain.Registered(ledgertest.ChainID, g.from.org.GLN, new(chain.Terms(r.Terms)))
	if err != nil {
		l.t.Fatal(err)
	}
	if r.Signature, err = envelope.SignDigest(g.device.Key, signed); err != nil {
		l.t.Fatal(err)
	}
}

// register registers goods, and returns the registration's name.
func (l *lab) register(g goods) canon.Digest {
	l.t.Helper()
	r, err := g.from.at().Register(context.Background(), ledgertest.NewID(), l.registering(g))
	if err != nil {
		l.t.Fatalf("Register: %v", err)
	}
	return r.ID
}

// shipped sends the distribution of packs [from, to) to the distributor, with
// registrations, and returns its anchor.
func (l *lab) shipped(from, to uint64, ids ...canon.Digest) canon.Digest {
	l.t.Helper()
	parcel, err := l.dm.at().Parcel(l.batch, []chain.Range{{From: from, To: to}})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.delivered(l.dm, l.dd, l.Decision.Envelope.Digest(), &pedigree.Distribution{
		Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{parcel}, SalesMethod: "prescription", Registrations: ids,
	})
}

// delivered sends a message from desk to desk, and returns its anchor.
func (l *lab) delivered(from, to *office, prev canon.Digest, content pedigree.Content) canon.Digest {
	l.t.Helper()
	id := ledgertest.NewID()
	if _, err := from.at().Send(context.Background(), id, supply.Draft{To: to.org.GLN, Prev: []canon.Digest{prev}}, content); err != nil {
		l.t.Fatalf("Send: %v", err)
	}
	pass(10 * time.Second)
	m := from.message(from.org.GLN, id)
	if m.Status != supply.Sent {
		l.t.Fatalf("the shipment is %s: %s", m.Status, m.Code)
	}
	return m.Receipt.BC
}

// measured has an office measure what a code is on.
func (l *lab) measured(o *office, code gs1.Identifier, change func(*api.Measurement)) (*api.Done, error) {
	m := &api.Measurement{Device: scales, Place: o.org.GLN}
	if change != nil {
		change(m)
	}
	return o.at().Measure(context.Background(), ledgertest.NewID(), m, code)
}
