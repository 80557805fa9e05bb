package ledger_test

import (
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
)

// A model is what the ledger should think of packs, members and recalls, told
// pack by pack and rule by rule. Each method says what must become of a
// transaction and lets it happen.
type model struct {
	now     time.Time // of the block
	lots    []*lot
	away    map[string]bool // suspended members
	product stop
	suspend bool // the certificate
	moves   map[canon.Digest]moved
	step    int // of the last transition
	marks   *marks
}

// A lot is a batch in the model.
type lot struct {
	*ledgertest.World // with the batch's tree
	packs             []pack
	freed             map[uint64]int // by page: the last step that let a pack out of locked or returned
	stop
}

// A pack is in a state, with somebody.
type pack struct {
	state chain.UnitState
	with  string
}

// A stop is a market status, and who set it.
type stop struct {
	status chain.MarketStatus
	by     string
}

// moved is a transition that may be taken back.
type moved struct {
	by       string
	lot      *lot
	from, to chain.UnitState
	packs    []uint64
	at       time.Time
	step     int
}

// newLot reads a batch of the world, which nobody has touched but its distributions.
func newLot(w *ledgertest.World) *lot {
	l := &lot{World: w, packs: make([]pack, w.Release.Size), freed: map[uint64]int{}, stop: stop{chain.Released, w.DM.GLN}}
	for i := range l.packs {
		l.packs[i] = pack{w.Release.Initial, w.DM.GLN}
	}
	return l
}

// units moves packs; op names the operation.
func (m *model) units(by *ledgertest.Org, l *lot, u chain.Units, op canon.Digest) string {
	packs := u.Indexes
	for _, r := range u.Ranges {
		for i := r.From; i < r.To; i++ {
			packs = append(packs, i)
		}
	}
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case !lawful(u.From, u.To, by.Roles[0], by.GLN == l.DM.GLN):
		return "illegal_transition"
	case (u.To == chain.UnitDispensed || u.To == chain.UnitExported) && m.unmarketable(l) != "":
		return m.unmarketable(l)
	}
	wrong, dispensed := false, false
	for _, i := range packs {
		if len(u.Ranges) > 0 && l.packs[i].with != by.GLN {
			return "not_in_custody"
		}
		wrong = wrong || l.packs[i].state != u.From
		dispensed = dispensed || l.packs[i].state == chain.UnitDispensed
	}
	switch {
	case wrong && dispensed && u.To == chain.UnitDispensed:
		return "alert already_dispensed"
	case wrong:
		return "wrong_state"
	}
	m.put(l, packs, u.From, u.To)
	if u.To != chain.UnitDestroyed && u.To != chain.UnitStolen {
		m.moves[op] = moved{by.GLN, l, u.From, u.To, packs, m.now, m.step}
	}
	return "applied"
}

// put is a step: packs of one state are in another from now on.
func (m *model) put(l *lot, packs []uint64, from, to chain.UnitState) {
	m.step++
	for _, i := range packs {
		l.packs[i].state = to
		if from == chain.UnitLocked || from == chain.UnitReturned {
			l.freed[i/2048] = m.step
		}
	}
}

// undo takes the operation back.
func (m *model) undo(by *ledgertest.Org, op canon.Digest) string {
	v, ok := m.moves[op]
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case !ok || v.by != by.GLN || m.now.Sub(v.at) > 10*24*time.Hour:
		return "undo_refused"
	}
	for _, i := range v.packs {
		if (v.to == chain.UnitLocked || v.to == chain.UnitReturned) && v.lot.freed[i/2048] > v.step {
			return "undo_refused"
		}
	}
	for _, i := range v.packs {
		if v.lot.packs[i].state != v.to {
			return "wrong_state"
		}
	}
	m.put(v.lot, v.packs, v.to, v.from)
	delete(m.moves, op)
	return "applied"
}

// unmarketable is why nothing of the lot may be supplied, if anything is.
func (m *model) unmarketable(l *lot) string {
	switch {
	case m.suspend:
		return "not_approved"
	case l.status != chain.Released || m.product.status != chain.Released:
		return "stopped"
	}
	return ""
}

// hand gives packs from one member to another, to supply them if it is not back.
func (m *model) hand(from, to *ledgertest.Org, l *lot, ranges []chain.Range, back bool) string {
	if why := m.unmarketable(l); why != "" && !back {
		return why
	}
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			if l.packs[i].with != from.GLN {
				return "not_in_custody"
			}
		}
	}
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			l.packs[i].with = to.GLN
		}
	}
	return "applied"
}

// distribute is exchange 5, after the decision.
func (m *model) distribute(from, to *ledgertest.Org, l *lot, ranges []chain.Range) string {
	switch {
	case m.away[from.GLN] || m.away[to.GLN]:
		return "member_inactive"
	case to.Roles[0] != chain.Distributor:
		return "wrong_role"
	}
	return m.hand(from, to, l, ranges, false)
}

// dispatch is exchange 7, after a message that gave packs of the lot follows to
// the member follower.
func (m *model) dispatch(from, to *ledgertest.Org, l *lot, ranges []chain.Range, follower string, follows *lot) string {
	supplied := []chain.Role{chain.Pharmacy, chain.Hospital}
	back := []chain.Role{chain.Distributor, chain.Manufacturer}
	mayGive := from.Roles[0] == chain.Distributor || slices.Contains(supplied, from.Roles[0])
	mayTake := slices.Contains(back, to.Roles[0]) || slices.Contains(supplied, to.Roles[0])
	switch {
	case m.away[from.GLN] || m.away[to.GLN]:
		return "member_inactive"
	case !mayGive || !mayTake:
		return "wrong_role"
	case follower != from.GLN || follows != l:
		return "unknown_prev"
	}
	return m.hand(from, to, l, ranges, slices.Contains(back, to.Roles[0]))
}

// recall sets a stop of the manufacturer's batch or product.
func (m *model) recall(by *ledgertest.Org, maker string, s *stop, to chain.MarketStatus) string {
	administers := by.Roles[0] == chain.Administration
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case !administers && by.GLN != maker:
		return "not_the_issuer"
	case s.status == chain.Released && to == chain.Released:
		return "bad_status"
	case s.status == to && (s.by == by.GLN || !administers):
		return "bad_status"
	case s.status != chain.Released && s.by != by.GLN && !administers:
		return "not_the_issuer"
	}
	*s = stop{to, by.GLN}
	return "applied"
}
