package ledger_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/ledger/ledgertest"
)

// A workshop is a product line of the manufacturer with its devices.
type workshop struct {
	line             *ledgertest.Line
	makers, carriers *ledgertest.Device
	keys             map[uint64]genuine.LineKey // by epoch
	shipped          []*shipped
}

// shipped is a registration that is on the ledger, or was refused.
type shipped struct {
	*consignment
	*ledgertest.Shipment
	at []uint64 // the marks of which there are keys
}

func newWorkshop(w *town) *workshop {
	s := &workshop{makers: ledgertest.NewDevice(w.DM), carriers: ledgertest.NewDevice(w.DD)}
	s.line = w.NewLine(w.DM, w.Product, s.makers, s.carriers)
	w.Admit(s.line.Tx())
	return s
}

// fork returns the workshop in another world.
func (s *workshop) fork(w *town) *workshop {
	line := *s.line
	line.World, line.Maker = w.World, w.DM
	return &workshop{line: &line, makers: s.makers, carriers: s.carriers, keys: map[uint64]genuine.LineKey{1: line.Key}}
}

// measuring is what members do with what is measured.
func (p *play) measuring() []func() {
	return []func(){
		p.register, p.register, p.register, p.hop, p.hop, p.hop, p.identify, p.identify, p.identify, p.identify, p.identify, p.identify,
		p.distribute, p.seldom(p.line), p.seldom(p.standing), p.rotate, p.replay,
	}
}

// seldom is an act half of the time.
func (p *play) seldom(act func()) func() {
	return func() {
		if rapid.Bool().Draw(p.T, "seldom") {
			act()
		}
	}
}

// device is one that measures, and whether it is the line's.
func (p *play) device() (*ledgertest.Device, bool) {
	switch rapid.IntRange(0, 19).Draw(p.T, "device") {
	case 0:
		return ledgertest.NewDevice(p.orgs[p.org()]), false
	case 1, 2, 3:
		return p.shop.carriers, p.m.marks.carriers
	}
	return p.shop.makers, true
}

// line admits the second device, or revokes it in a new epoch.
func (p *play) line() {
	by, epoch, carriers := p.orgs[0], p.m.marks.epoch, !p.m.marks.carriers
	if !carriers && p.often("a new epoch") {
		epoch++
	}
	if !p.often("counted") {
		epoch = rapid.Uint64Range(1, epoch+2).Draw(p.T, "epoch")
	}
	key := p.shop.line.Key
	key.Epoch = epoch
	if epoch != p.m.marks.epoch {
		key.J = genuine.Judgment(ledgertest.NewID())
	}
	put := p.shop.line.Put
	put.Epoch, put.Devices = epoch, []chain.Device{p.shop.makers.Device}
	if carriers {
		put.Devices = append(put.Devices, p.shop.carriers.Device)
		slices.SortFunc(put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
	}
	want := p.m.line(by, epoch, carriers)
	if want == "applied" {
		p.shop.keys[epoch] = key
	}
	p.add(by.Tx(p.w.Now, chain.KindLine, put), want, func(bool) {})
}

// register is mostly the next registration of packs by their maker.
func (p *play) register() {
	l, by := p.lot(), p.orgs[0]
	at := p.places(l)[0]
	to := p.with(l.packs[at].with)
	if to == by || !p.often("who has them") {
		to = p.other(by)
	}
	if !p.often("maker") {
		by, to = to, p.other(to)
	}
	ranges := p.ranges(l)
	if p.often("held") {
		ranges = p.held(l, l.packs[at].with)
	}
	p.registers(l, by, to, ranges)
}

// hop sends on what was verified before.
func (p *play) hop() {
	var may []*shipped
	for _, s := range p.shop.shipped {
		if len(s.verified) > 0 {
			may = append(may, s)
		}
	}
	if len(may) == 0 {
		return
	}
	s := rapid.SampledFrom(may).Draw(p.T, "hop")
	var packs []uint64
	early := rapid.Bool().Draw(p.T, "early")
	for _, mark := range s.at {
		if s.verified[mark] || early {
			packs = append(packs, s.packs(mark)[0])
		}
	}
	slices.Sort(packs)
	by := p.with(s.to)
	if !p.often("consignee") {
		by = p.orgs[p.org()]
	}
	p.registers(s.lot, by, p.other(by), chain.Ranges(packs))
}

// other is mostly another member.
func (p *play) other(than *ledgertest.Org) *ledgertest.Org {
	i := p.org()
	if p.orgs[i] == than && p.often("another") {
		i = (i + 1) % len(p.orgs)
	}
	return p.orgs[i]
}

// with is the member of that number.
func (p *play) with(gln string) *ledgertest.Org {
	return p.orgs[slices.IndexFunc(p.orgs, func(o *ledgertest.Org) bool { return o.GLN == gln })]
}

func (p *play) registers(l *lot, by, to *ledgertest.Org, ranges []chain.Range) {
	c := &consignment{lot: l, from: by.GLN, to: to.GLN, counter: 1, ranges: ranges, verified: map[uint64]bool{}}
	if before := p.m.marks.now[l][ranges[0].From]; before != nil {
		c.counter = before.counter + 1
	}
	if !p.often("counted") {
		c.counter = rapid.Uint64Range(1, 4).Draw(p.T, "counter")
	}
	epoch := p.m.marks.epoch
	if !p.often("this epoch") {
		epoch = rapid.Uint64Range(1, epoch+1).Draw(p.T, "epoch")
	}
	c.whole = rapid.IntRange(0, 3).Draw(p.T, "whole") == 0
	s := p.ship(c, by, epoch)
	d, admitted := p.device()
	want := p.m.register(by, c, epoch, admitted)
	tx := by.Plain(p.w.Now, chain.KindRegister, s.Register(d))
	c.id = chain.RegistrationID(chain.Operation(tx.Sender, tx.ID))
	if want == "applied" {
		p.shop.shipped = append(p.shop.shipped, s)
	}
	p.add(by.Sign(tx), want, func(applied bool) {
		if !applied {
			return
		}
		var r chain.Registration
		if p.w.Read(chain.RegistrationKey(c.id), &r); !slices.Equal(r.Before, c.before) {
			p.Fatalf("%s replaced %v, the model says %v", c.id, r.Before, c.before)
		}
	})
}

// ship measures a few of the packs; the marks of the others are of no known key.
func (p *play) ship(c *consignment, by *ledgertest.Org, epoch uint64) *shipped {
	line := &ledgertest.Line{World: p.w.World, Maker: p.orgs[0], Key: p.shop.keys[min(epoch, p.m.marks.epoch)]}
	s := &shipped{c, &ledgertest.Shipment{Line: line, From: by}, nil}
	s.Terms = chain.Terms{
		Line: line.Key.Line, Epoch: epoch, Counter: c.counter, To: c.to, Place: c.to, Batch: c.lot.Batch, Ranges: c.ranges, Whole: c.whole,
	}
	s.Plan = genuine.Consignment{
		Chain: ledgertest.ChainID, Counter: c.counter, Epoch: line.Key.Epoch, From: c.from, Line: line.Key.Line, Place: c.to, To: c.to, Secret: [32]byte{1, 2, 3},
	}
	if c.whole {
		s.Plan.Item = "one thing"
	}
	size := s.Terms.Size()
	for i := range size {
		v := canon.Sum(fmt.Append(nil, i))
		if i < 2 || i == size-1 {
			var err error
			if v, err = line.Key.Verification(ledgertest.Good(), s.Plan.Transaction(i, "an item")); err != nil {
				p.Fatal(err)
			}
			s.at = append(s.at, i)
		}
		s.Marks = append(s.Marks, chain.MarkLeaf(v))
	}
	s.Terms.Root = root(s.Marks)
	return s
}

// identify has a thing measured, mostly by its consignee where it was to be.
func (p *play) identify() {
	if len(p.shop.shipped) == 0 {
		return
	}
	s := rapid.SampledFrom(p.shop.shipped).Draw(p.T, "registration")
	index, by, place := rapid.SampledFrom(s.at).Draw(p.T, "mark"), p.with(s.to), s.to
	if !p.often("consignee") {
		by = p.orgs[p.org()]
	}
	if !p.often("place") {
		place = p.orgs[p.org()].GLN
	}
	d, admitted := p.device()
	arg := s.Identify(s.id, by, d, index, func(c *genuine.Challenge) { c.Place = place })
	if rapid.IntRange(0, 9).Draw(p.T, "thief") == 0 {
		thief := p.orgs[p.org()]
		if thief.GLN != by.GLN {
			want := "bad_proof"
			if p.m.away[thief.GLN] {
				want = "member_inactive"
			}
			p.add(thief.Tx(p.w.Now, chain.KindIdentify, arg), want, func(bool) {})
		}
	}
	p.add(by.Tx(p.w.Now, chain.KindIdentify, arg), p.m.identify(by, s.consignment, index, place, admitted), func(bool) {})
}

// compareRegistration holds the registration of a pack against the model.
func (p *play) compareRegistration(l *lot, at uint64, got canon.Digest) {
	var want canon.Digest
	if c := p.m.marks.now[l][at]; c != nil {
		want = c.id
	}
	if got != want {
		p.Fatalf("pack %d of lot %s has registration %s, the model says %s", at, l.Release.Lot, got, want)
	}
}

// compareMarks holds what is verified against the model.
func (p *play) compareMarks() {
	want := map[string]bool{}
	for _, s := range p.shop.shipped {
		for index := range s.verified {
			want[string(chain.MarkKey(s.id, index))] = true
		}
	}
	got := map[string]bool{}
	for k := range p.w.State.Records {
		if strings.HasPrefix(k, "mark/") {
			got[k] = true
		}
	}
	if !maps.Equal(got, want) {
		p.Fatalf("verified %q, the model says %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}
