package ledger_test

import (
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// marks are what the ledger should think of the manufacturer's product line.
type marks struct {
	epoch    uint64
	carriers bool                    // the second device is the line's
	now      map[*lot][]*consignment // by pack: the registration that it has; nil: none
}

// A consignment is a registration in the model.
type consignment struct {
	id       canon.Digest
	lot      *lot
	from, to string
	counter  uint64
	ranges   []chain.Range
	whole    bool
	before   []canon.Digest  // what it replaced
	verified map[uint64]bool // marks
}

func newMarks(lots []*lot) *marks {
	m := &marks{epoch: 1, carriers: true, now: map[*lot][]*consignment{}}
	for _, l := range lots {
		m.now[l] = make([]*consignment, len(l.packs))
	}
	return m
}

// mark is the index of a pack's mark.
func (c *consignment) mark(place uint64) uint64 {
	before := uint64(0)
	for _, r := range c.ranges {
		if c.whole {
			return 0
		}
		if place < r.To {
			return before + place - r.From
		}
		before += r.To - r.From
	}
	return before
}

// packs are those that a mark is of.
func (c *consignment) packs(index uint64) (out []uint64) {
	for _, r := range c.ranges {
		for i := r.From; i < r.To; i++ {
			if c.mark(i) == index {
				out = append(out, i)
			}
		}
	}
	return out
}

// line replaces the record of the product line.
func (m *model) line(by *ledgertest.Org, epoch uint64, carriers bool) string {
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case epoch != m.marks.epoch && epoch != m.marks.epoch+1, m.marks.carriers && !carriers && epoch == m.marks.epoch:
		return "bad_line"
	}
	m.marks.epoch, m.marks.carriers = epoch, carriers
	return "applied"
}

// register gives packs a registration, measured by a device that may be the line's.
func (m *model) register(by *ledgertest.Org, c *consignment, epoch uint64, admitted bool) string {
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case c.to == by.GLN:
		return "bad_registration"
	case m.away[c.to]:
		return "member_inactive"
	case epoch != m.marks.epoch:
		return "bad_registration"
	case !admitted:
		return "unknown_device"
	}
	looks, now := 0, m.marks.now[c.lot]
	for _, r := range c.ranges {
		with := func(who string) bool {
			return !slices.ContainsFunc(c.lot.packs[r.From:r.To], func(p pack) bool { return p.with != who })
		}
		if !with(by.GLN) && (by.GLN != c.lot.DM.GLN || !with(c.to)) {
			return "not_in_custody"
		}
		for i, end := r.From, r.From; i < r.To; i = end {
			for end < r.To && now[end] == now[i] {
				end++
			}
			if why := c.succeeds(now[i], i, end, &looks); why != "" {
				return why
			}
			if now[i] != nil && !slices.Contains(c.before, now[i].id) {
				c.before = append(c.before, now[i].id)
			}
		}
	}
	for _, r := range c.ranges {
		for i := r.From; i < r.To; i++ {
			now[i] = c
		}
	}
	return "applied"
}

// succeeds is why packs [from, to) that all have a registration do not get this one, if
// there is a reason.
func (c *consignment) succeeds(before *consignment, from, to uint64, looks *int) string {
	maker := c.lot.DM.GLN
	switch {
	case before == nil && c.from != maker:
		return "not_the_registrar"
	case before == nil && c.counter != 1, before != nil && c.counter != before.counter+1:
		return "wrong_counter"
	case before == nil || c.from == maker:
		return ""
	case c.from != before.to:
		return "not_the_registrar"
	case before.whole:
		to = from + 1
	}
	if *looks += int(to - from); *looks > ledger.MaxHop {
		return "bad_registration"
	}
	for i := from; i < to; i++ {
		if !before.verified[before.mark(i)] {
			return "not_verified"
		}
	}
	return ""
}

// identify verifies a mark, which the sender has had measured at a place.
func (m *model) identify(by *ledgertest.Org, c *consignment, index uint64, place string, admitted bool) string {
	superseded := slices.ContainsFunc(c.packs(index), func(i uint64) bool { return m.marks.now[c.lot][i] != c })
	switch {
	case m.away[by.GLN]:
		return "member_inactive"
	case !admitted:
		return "unknown_device"
	case by.GLN != c.to:
		return "alert wrong_consignee"
	case place != c.to:
		return "alert wrong_place"
	case c.verified[index]:
		return "alert already_verified"
	case superseded:
		return "alert superseded"
	}
	c.verified[index] = true
	return "applied"
}
