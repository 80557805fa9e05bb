package ledger_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// A play is a town, the model of it, and a second instance of the ledger that
// sees the same blocks.
type play struct {
	*rapid.T
	w    *town
	twin *ledgertest.Chain
	m    *model
	shop *workshop

	orgs    []*ledgertest.Org
	given   []gift       // messages that gave packs
	moves   []chain.Undo // what could be taken back
	movers  []int
	retired []retired
	past    [][]byte // accepted transactions
	seen    map[envelope.Signature]bool

	txs       [][]byte // of the block to come
	want      []string
	dispensed map[*lot]map[uint64]bool
	check     []func(applied bool) // what the log says of dispensed packs
}

// A gift is a message that gave packs of a lot.
type gift struct {
	*envelope.Message
	lot *lot
}

// retired is an organisation's key that was revoked in a block.
type retired struct {
	*ledgertest.Org
	height int64
}

// Random members send random transactions in random blocks, likely and unlikely
// ones. What becomes of each is what the model says; after each block every pack
// is where the model has it, the invariants hold, and the second instance has the
// same root, though it saw other refused transactions, knew the signatures, or
// was started again from the records in between.
func TestAgainstModel(t *testing.T) { playAll(t, (*play).all) }

// The same of what is measured, and of what it depends on.
func TestMarksAgainstModel(t *testing.T) { playAll(t, (*play).measuring) }

func playAll(t *testing.T, acts func(*play) []func()) {
	t.Helper()
	base := newTown(t)
	shop := newWorkshop(base)
	base.Make("WIDE", 2*chain.PageUnits+40)
	wide := base.Fork(t)
	base.Pack("NARROW", 20)
	base.Release.Initial = chain.UnitInactive
	base.Admit(base.DM.Tx(base.Now, chain.KindBatch, base.Release))
	narrow := base.Fork(t)
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t, base, shop, wide, narrow)
		for range rapid.IntRange(5, 15).Draw(t, "blocks") {
			for range rapid.IntRange(2, 6).Draw(t, "transactions") {
				p.step(acts(p))
			}
			p.block()
		}
	})
}

func newPlay(t *rapid.T, base *town, shop *workshop, wide, narrow *ledgertest.World) *play {
	w := base.fork(t)
	p := &play{
		T: t, w: w, seen: map[envelope.Signature]bool{},
		m: &model{
			lots: []*lot{newLot(wide), newLot(narrow)}, away: map[string]bool{},
			product: stop{chain.Released, w.DM.GLN}, moves: map[canon.Digest]moved{},
		},
		dispensed: map[*lot]map[uint64]bool{}, shop: shop.fork(w),
	}
	p.m.marks = newMarks(p.m.lots)
	for _, o := range []*ledgertest.Org{w.DM, w.DM2, w.DD, w.DD2, w.Pharmacy, w.Pharmacy2, w.Hospital, w.DA, w.Courier} {
		own := *o
		p.orgs = append(p.orgs, &own)
	}
	twin := *w.Chain
	twin.State = w.State.Clone()
	p.twin = &twin
	return p
}

// add puts a transaction into the block, with what must become of it. A second
// word "…" stands for any refusal.
func (p *play) add(tx []byte, want string, then func(applied bool)) {
	p.txs, p.want, p.check = append(p.txs, tx), append(p.want, want), append(p.check, then)
}

// block makes the block on both instances and compares.
func (p *play) block() {
	p.twin.Now = p.w.Now
	results := p.w.Block(p.txs...)
	var accepted [][]byte
	var same []ledger.Result
	for i, r := range results {
		if got := outcome(r); got != p.want[i] && (p.want[i] != "…" || r.Outcome != 0) {
			p.Fatalf("transaction %d of block %d: %s (%s), the model says %s", i, p.w.Height, got, r.Text, p.want[i])
		}
		p.check[i](r.Outcome == chain.Applied)
		if r.Outcome != 0 {
			accepted, same = append(accepted, p.txs[i]), append(same, r)
			for _, s := range ledger.Signatures(p.txs[i]) {
				p.seen[s] = true
			}
		}
	}
	p.compare()
	p.mirror(accepted, same)
	p.past = append(p.past, accepted...)
	p.txs, p.want, p.check = nil, nil, nil
}

// mirror makes the block on the twin, where other transactions were refused.
func (p *play) mirror(accepted [][]byte, want []ledger.Result) {
	switch rapid.IntRange(0, 3).Draw(p.T, "twin") {
	case 0: // started again from what it has written
		p.twin.Ledger = &ledger.Ledger{Chain: ledgertest.ChainID}
		p.twin.State = p.twin.State.Clone()
	case 1: // has verified the signatures before
		p.twin.Ledger = &ledger.Ledger{Chain: ledgertest.ChainID, Known: func(s envelope.Signature) bool { return p.seen[s] }}
	}
	var txs [][]byte
	var at []int
	junk := func() {
		if rapid.IntRange(0, 3).Draw(p.T, "junk") > 0 {
			return
		}
		txs = append(txs, []byte("noise"))
		if len(p.past) > 0 {
			txs = append(txs, rapid.SampledFrom(p.past).Draw(p.T, "old"))
		}
	}
	for _, tx := range accepted {
		junk()
		at = append(at, len(txs))
		txs = append(txs, tx)
	}
	junk()
	results := p.twin.Block(txs...)
	for i, j := range at {
		if got := results[j]; fmt.Sprint(got) != fmt.Sprint(want[i]) {
			p.Fatalf("block %d: result %+v, the twin's %+v", p.w.Height, want[i], got)
		}
	}
	if got, want := p.twin.State.Root(p.T), p.w.State.Root(p.T); got != want {
		p.Fatalf("block %d: root %+v, the twin's %+v", p.w.Height, want, got)
	}
}

// compare holds every pack against the model.
func (p *play) compare() {
	p.compareMarks()
	for _, l := range p.m.lots {
		for no := range uint32((len(l.packs) + chain.PageUnits - 1) / chain.PageUnits) {
			var page chain.Page
			if raw := p.w.State.Records[string(chain.UnitsKey(l.Batch, no))]; raw != nil {
				if err := canon.DecodeCBOR(raw, &page); err != nil {
					p.Fatal(err)
				}
			}
			for i := range uint64(chain.PageUnits) {
				at := uint64(no)*chain.PageUnits + i
				if at >= uint64(len(l.packs)) {
					break
				}
				got := pack{page.At(i, l.Release.Initial), page.Custodian(i, l.DM.GLN)}
				if got != l.packs[at] {
					p.Fatalf("pack %d of lot %s is %s with %s, the model says %s with %s",
						at, l.Release.Lot, got.state, got.with, l.packs[at].state, l.packs[at].with)
				}
				p.compareRegistration(l, at, page.Registration(i))
			}
		}
	}
}
