package ledger_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// step draws a transaction.
func (p *play) step(acts []func()) {
	p.m.now = p.w.Now.Add(time.Second)
	rapid.SampledFrom(acts).Draw(p.T, "act")()
}

// all is what members do.
func (p *play) all() []func() {
	return []func(){
		p.units, p.units, p.units, p.units, p.units, p.units, p.supply, p.supply, p.supply, p.undo, p.undo,
		p.distribute, p.distribute, p.dispatch, p.dispatch, p.dispatch, p.recall, p.certificate, p.standing,
		p.rotate, p.retiredKey, p.noise, p.replay, p.wait,
		p.register, p.register, p.identify, p.identify, p.hop, p.line,
	}
}

func (p *play) org() int { return rapid.IntRange(0, len(p.orgs)-1).Draw(p.T, "member") }

func (p *play) lot() *lot { return rapid.SampledFrom(p.m.lots).Draw(p.T, "lot") }

// places are some packs of a lot, few enough that things happen to them twice.
func (p *play) places(l *lot) []uint64 {
	n := uint64(len(l.packs))
	all := []uint64{0, 1, 2, 3, n / 2, n/2 + 1, n - 2, n - 1}
	if n > chain.PageUnits {
		all = []uint64{0, 1, 2, chain.PageUnits - 1, chain.PageUnits, chain.PageUnits + 1, 2 * chain.PageUnits, n - 1}
	}
	var out []uint64
	for _, i := range all {
		if rapid.IntRange(0, 3).Draw(p.T, "pack") == 0 {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		out = all[:1]
	}
	return out
}

// ranges are one or two spans of a lot, which may go over the ends of pages.
func (p *play) ranges(l *lot) []chain.Range {
	ends := append(p.places(l), uint64(len(l.packs)))
	if len(ends) == 2 || rapid.Bool().Draw(p.T, "span") {
		return []chain.Range{{From: ends[0], To: ends[len(ends)-1]}}
	}
	if len(ends) >= 4 && ends[1] < ends[2] {
		return []chain.Range{{From: ends[0], To: ends[1]}, {From: ends[2], To: ends[3]}}
	}
	return chain.Ranges(ends[:len(ends)-1])
}

func (p *play) often(name string) bool { return rapid.IntRange(0, 4).Draw(p.T, name) > 0 }

// held is a span of packs that a member has, if any.
func (p *play) held(l *lot, who string) []chain.Range {
	var at []uint64
	for i, pack := range l.packs {
		if pack.with == who {
			at = append(at, uint64(i))
		}
	}
	if len(at) == 0 {
		return []chain.Range{{From: 0, To: 1}}
	}
	r := rapid.SampledFrom(chain.Ranges(at)).Draw(p.T, "span")
	if rapid.Bool().Draw(p.T, "part") {
		r.From = rapid.Uint64Range(r.From, r.To-1).Draw(p.T, "from")
		r.To = rapid.Uint64Range(r.From+1, min(r.To, r.From+3)).Draw(p.T, "to")
	}
	return []chain.Range{r}
}

// units is mostly a transition that somebody may make from the state that a pack
// is in.
func (p *play) units() {
	l, o := p.lot(), p.org()
	at := p.places(l)
	from, to := l.packs[at[0]].state, chain.UnitState(rapid.Uint8Range(0, 9).Draw(p.T, "to"))
	type move struct {
		by int
		to chain.UnitState
	}
	var may []move
	for s := range chain.UnitReturned + 1 {
		for i := range p.orgs {
			if lawful(from, s, p.orgs[i].Roles[0], i == 0) {
				may = append(may, move{i, s})
			}
		}
	}
	if len(may) > 0 && p.often("lawful") {
		m := rapid.SampledFrom(may).Draw(p.T, "move")
		o, to = m.by, m.to
	}
	u := l.Show(from, to, at...)
	if rapid.Bool().Draw(p.T, "by range") {
		u = chain.Units{Batch: l.Batch, From: from, To: to, Ranges: p.ranges(l)}
		if p.often("custodian") {
			u.Ranges = p.held(l, p.orgs[o].GLN)
		}
	}
	p.move(o, l, u)
}

// supply dispenses packs, which may have been dispensed before.
func (p *play) supply() {
	l := p.lot()
	p.move(rapid.IntRange(4, 6).Draw(p.T, "shop"), l, l.Show(chain.UnitActive, chain.UnitDispensed, p.places(l)[0]))
}

func (p *play) move(o int, l *lot, u chain.Units) {
	by := p.orgs[o]
	tx := by.Plain(p.w.Now, chain.KindUnits, u)
	op := chain.Operation(tx.Sender, tx.ID)
	packs := u.Ranges
	if len(packs) == 0 {
		packs = chain.Ranges(u.Indexes)
	}
	want := p.m.units(by, l, u, op)
	if want == "applied" || !p.often("forget") {
		p.moves = append(p.moves, chain.Undo{Operation: op, At: chain.Millis(p.m.now), Units: packs})
		p.movers = append(p.movers, o)
	}
	p.add(by.Sign(tx), want, func(applied bool) {
		if applied && u.To == chain.UnitDispensed {
			p.out(l, packs)
		}
	})
}

// out notes packs as dispensed, which they must not be.
func (p *play) out(l *lot, packs []chain.Range) {
	if p.dispensed[l] == nil {
		p.dispensed[l] = map[uint64]bool{}
	}
	for _, r := range packs {
		for i := r.From; i < r.To; i++ {
			if p.dispensed[l][i] {
				p.Fatalf("pack %d of lot %s was dispensed twice", i, l.Release.Lot)
			}
			p.dispensed[l][i] = true
		}
	}
}

func (p *play) undo() {
	if len(p.moves) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.moves)-1).Draw(p.T, "move")
	by, u := p.orgs[p.movers[i]], p.moves[i]
	if !p.often("same") {
		by = p.orgs[p.org()]
	}
	was := p.m.moves[u.Operation]
	p.add(by.Tx(p.w.Now, chain.KindUndo, u), p.m.undo(by, u.Operation), func(applied bool) {
		if applied && was.to == chain.UnitDispensed {
			for _, i := range was.packs {
				delete(p.dispensed[was.lot], i)
			}
		}
	})
}

func (p *play) parcel(l *lot, from *ledgertest.Org) pedigree.Parcel {
	out := l.Parcel(0, 1)
	out.Ranges = p.ranges(l)
	if p.often("held") {
		out.Ranges = p.held(l, from.GLN)
	}
	return out
}

func (p *play) distribute() {
	l, from, to := p.lot(), p.orgs[0], p.orgs[p.org()]
	if p.often("distributor") {
		to = p.orgs[rapid.IntRange(2, 3).Draw(p.T, "to")]
	}
	d := &pedigree.Distribution{Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{p.parcel(l, from)}, SalesMethod: "prescription"}
	m := from.Message(p.w.Now, ledgertest.Case, to, d, p.w.Decision)
	p.gave(m, l, to, p.m.distribute(from, to, l, d.Parcels[0].Ranges))
}

func (p *play) gave(m *envelope.Message, l *lot, to *ledgertest.Org, want string) {
	if want == "applied" {
		p.given = append(p.given, gift{m, l})
	}
	p.add(to.Anchor(p.w.Now, m), want, func(bool) {})
}

func (p *play) dispatch() {
	if len(p.given) == 0 {
		return
	}
	prev := rapid.SampledFrom(p.given).Draw(p.T, "prev")
	follower := prev.Envelope.Claims.Audience
	l, from, to := prev.lot, p.orgs[p.org()], p.orgs[p.org()]
	if p.often("plausible") {
		to = p.orgs[rapid.SampledFrom([]int{0, 2, 3, 4, 5, 6}).Draw(p.T, "to")]
		from = p.orgs[slices.IndexFunc(p.orgs, func(o *ledgertest.Org) bool { return o.GLN == follower })]
	} else {
		l = p.lot()
	}
	d := &pedigree.Dispatch{Parcels: []pedigree.Parcel{p.parcel(l, from)}}
	m := from.Message(p.w.Now, ledgertest.Case, to, d, prev.Message)
	p.gave(m, l, to, p.m.dispatch(from, to, l, d.Parcels[0].Ranges, follower, prev.lot))
}

func (p *play) recall() {
	by, l := p.orgs[p.org()], p.lot()
	if p.often("plausible") {
		by = p.orgs[rapid.SampledFrom([]int{0, 7}).Draw(p.T, "by")]
	}
	arg := chain.Recall{Batch: l.Batch, Status: chain.MarketStatus(rapid.SampledFrom([]uint8{1, 1, 1, 2, 3}).Draw(p.T, "status"))}
	s := &l.stop
	if rapid.Bool().Draw(p.T, "product") {
		arg.Batch, arg.GTIN, s = canon.Digest{}, p.w.Product, &p.m.product
	}
	p.add(by.Tx(p.w.Now, chain.KindRecall, arg), p.m.recall(by, p.orgs[0].GLN, s, arg.Status), func(bool) {})
}

func (p *play) certificate() {
	da := p.orgs[7]
	if !p.m.suspend && p.often("leave") {
		return
	}
	status, want := chain.CertificateSuspended, "applied"
	if p.m.suspend {
		status = chain.CertificateValid
	}
	if p.m.away[da.GLN] {
		want = "member_inactive"
	} else {
		p.m.suspend = !p.m.suspend
	}
	p.add(p.w.setCertificate(da, status), want, func(bool) {})
}

// standing suspends a member, or makes it active again.
func (p *play) standing() {
	o := p.orgs[p.org()]
	for _, other := range p.orgs {
		if p.m.away[other.GLN] {
			o = other
		}
	}
	p.m.away[o.GLN] = !p.m.away[o.GLN]
	p.add(p.w.standing(o, func(s *chain.Standing) {
		if p.m.away[o.GLN] {
			s.Status = chain.Suspended
		}
	}), "applied", func(bool) {})
}

// rotate registers a new key and revokes the old with it.
func (p *play) rotate() {
	i := p.org()
	old := p.orgs[i]
	if p.m.away[old.GLN] {
		p.add(old.Tx(p.w.Now, chain.KindRotateKey, rotation(old, p.w.stranger(), 0)), "member_inactive", func(bool) {})
		return
	}
	next := *old
	next.Key = p.w.stranger().Key
	p.orgs[i] = &next
	p.add(old.Tx(p.w.Now, chain.KindRotateKey, rotation(old, &next, 0)), "applied", func(bool) {})
	p.add(next.Tx(p.w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(old)}), "applied", func(bool) {})
	p.retired = append(p.retired, retired{old, p.w.Height + 1})
}

// retiredKey uses a key after its end.
func (p *play) retiredKey() {
	if len(p.retired) == 0 {
		return
	}
	r := rapid.SampledFrom(p.retired).Draw(p.T, "retired")
	want := "key_invalid"
	if r.height == p.w.Height+1 {
		want = "applied" // it counts to the end of the block
	}
	if p.m.away[r.GLN] {
		want = "member_inactive"
	}
	id := ledgertest.NewID()
	p.add(r.Tx(p.w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum(id[:])}), want, func(bool) {})
}

// noise is bytes that are no transaction, or not any more.
func (p *play) noise() {
	raw := rapid.SliceOf(rapid.Byte()).Draw(p.T, "noise")
	if rapid.Bool().Draw(p.T, "flip") {
		raw = p.w.note()
		raw[rapid.IntRange(0, len(raw)-1).Draw(p.T, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(p.T, "bit")
	}
	p.add(raw, "…", func(bool) {})
}

func (p *play) replay() {
	if len(p.past) > 0 {
		p.add(rapid.SampledFrom(p.past).Draw(p.T, "again"), "duplicate", func(bool) {})
	}
}

// wait lets time pass before the block, for which what waits in it is then signed
// too early; so only before the first.
func (p *play) wait() {
	if len(p.txs) == 0 {
		p.w.Now = p.w.Now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 3 * 24 * time.Hour, 6 * 24 * time.Hour}).Draw(p.T, "time"))
	}
}
