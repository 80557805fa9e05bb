package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// parseResults reads what --json printed.
func parseResults(raw []byte) ([]result, error) {
	var out []result
	return out, json.Unmarshal(raw, &out)
}

// costTables are ours beside the paper's.
type costTables struct {
	ops    map[place]operations
	wire   map[string]delivered // by type of message
	bundle int                  // bytes of the evidence of a pack
}

// phases are the rows of the tables: the paper's, delivery, and who verifies all.
var phases = []paper.Phase{
	paper.Registration, paper.Development, paper.Approval, paper.Distribution, delivery, paper.Verification,
}

func phaseName(p paper.Phase) string {
	if p == delivery {
		return "delivery to the pharmacy"
	}
	return p.String()
}

// parties are the columns of the paper's Table 2, and ours.
var parties = []string{
	paper.BCC.String(), paper.DM.String(), paper.MS.String(), paper.DA.String(), paper.DD.String(), atPharmacy, paper.TP.String(), atNode,
}

// places returns all that were counted, in the order of the tables.
func (t *costTables) places() []place {
	var out []place
	for _, phase := range phases {
		for _, who := range parties {
			if _, ok := t.ops[place{phase, who}]; ok {
				out = append(out, place{phase, who})
			}
		}
	}
	return out
}

// printed returns what the paper's Table 2 has of a place, if it has something.
func printed(p place) (paper.Count, bool) {
	for at, c := range paper.Table2 {
		if at.Phase == p.phase && at.Role.String() == p.who {
			return c, true
		}
	}
	return paper.Count{}, false
}

// points returns the multiplications of a point: one in a signature, two in a
// verification.
func (o operations) points() int { return o[signing] + 2*o[verifying] }

// types returns the messages of a phase, in order.
func (t *costTables) types(phase paper.Phase) []string {
	var out []string
	for typ, d := range t.wire {
		if d.phase() == phase {
			out = append(out, typ)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return number(a) - number(b) })
	return out
}

// number is that of an exchange; an application comes before all.
func number(typ string) int {
	x, err := pedigree.Find(typ)
	if err != nil {
		return 0
	}
	return x.Number
}

// bits returns the length of a phase's messages.
func (t *costTables) bits(phase paper.Phase) (n int) {
	for _, typ := range t.types(phase) {
		n += 8 * t.wire[typ].message
	}
	return n
}

// results are the tables as figures.
func (t *costTables) results() []result {
	var out []result
	add := func(name, unit string, value float64, anchor string, anchorValue float64) {
		r := result{Name: name, Value: value, Unit: unit, Anchor: anchor, AnchorValue: anchorValue}
		if anchorValue != 0 { // what the paper does not have has no ratio
			r.Ratio = value / anchorValue
		}
		out = append(out, r)
	}
	for _, p := range t.places() {
		o, name := t.ops[p], phaseName(p.phase)+", "+p.who+": "
		c, ok := printed(p)
		if !ok {
			c = paper.Count{}
		}
		const table = "paper 000, table 2, "
		add(name+"signatures and verifications", "operations", float64(o[signing]+o[verifying]), table+"T_Sig", float64(c.Sig))
		add(name+"multiplications", "operations", float64(o.points()), table+"T_Mul", float64(c.Mul))
		add(name+"hashes", "operations", float64(o[hashing]), table+"T_H", float64(c.Hash))
		add(name+"comparisons", "operations", float64(o[comparing]), table+"T_Cmp", float64(c.Cmp))
	}
	for _, phase := range phases {
		comm := paper.Table3[phase]
		bits := t.bits(phase)
		if bits == 0 {
			continue
		}
		add(phaseName(phase)+": messages", "bits", float64(bits), "paper 000, table 3", float64(comm.Bits))
		for i, l := range paper.Links {
			add(fmt.Sprintf("%s: time over %s", phaseName(phase), l.Name), l.Unit.String()[1:], l.Time(bits), "paper 000, table 3", comm.Times[i])
		}
	}
	return out
}

// document returns the page of the tables.
func (t *costTables) document() string {
	var b strings.Builder
	b.WriteString(head)
	t.operationRows(&b)
	b.WriteString(afterOperations)
	t.messageRows(&b)
	b.WriteString(afterMessages)
	t.phaseRows(&b)
	fmt.Fprintf(&b, tail, t.bundle)
	return b.String()
}

func (t *costTables) operationRows(b *strings.Builder) {
	for _, p := range t.places() {
		o, paperCount := t.ops[p], "–"
		if c, ok := printed(p); ok {
			paperCount = fmt.Sprintf("%d T_Mul, %d T_H, %d T_Cmp, %d T_Sig", c.Mul, c.Hash, c.Cmp, c.Sig)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | %d | %d |\n", phaseName(p.phase), p.who, paperCount,
			o[signing], o[verifying], o.points(), o[hashing], o[comparing])
	}
}

func (t *costTables) messageRows(b *strings.Builder) {
	for _, phase := range phases {
		for _, typ := range t.types(phase) {
			d := t.wire[typ]
			fmt.Fprintf(b, "| %d | `%s` | %d | %d | %d | %d |\n", number(typ), typ, d.message, d.signed, d.answer, d.http)
		}
	}
}

func (t *costTables) phaseRows(b *strings.Builder) {
	row := func(name, by string, bits int, times [3]float64) {
		fmt.Fprintf(b, "| %s | %s | %d |", name, by, bits)
		for i, l := range paper.Links {
			fmt.Fprintf(b, " %.3f %s |", times[i], l.Unit.String()[1:])
		}
		b.WriteString("\n")
	}
	for _, phase := range phases {
		bits := t.bits(phase)
		if bits == 0 {
			continue
		}
		if c, ok := paper.Table3[phase]; ok {
			row(phaseName(phase), "paper", c.Bits, c.Times)
		}
		var times [3]float64
		for i, l := range paper.Links {
			times[i] = l.Time(bits)
		}
		row(phaseName(phase), "theriac", bits, times)
	}
}
