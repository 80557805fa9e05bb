package epcis

import (
	"slices"
)

// maxNesting is the number of containers in one another that Trace follows. Trade has
// bundle, case, pallet, load and ship; deeper is a mistake or an attack.
const maxNesting = 16

// Trace returns the indexes of the events that concern the identifier, in the order of
// their times: those that name it, and while it is in a container those that concern
// the container, and so on outwards. The events may come from several documents.
//
// What is in what follows from AggregationEvents: ADD puts in and OBSERVE confirms;
// DELETE takes out, all of it where no children are named. A decommissioned object
// (ObjectEvent with action DELETE) and one that a TransformationEvent consumed are in
// nothing any more. What is put beside it into its container does not concern it.
// Events that are declared wrong are listed and change nothing. AssociationEvents
// attach a device or an asset and say nothing about whereabouts, so they do not nest.
func Trace(events []Event, id string) []int {
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return events[a].Time.Compare(events[b].Time) })
	inside := containment{parents: map[string]stay{}, emptied: map[string]int{}}
	wrong := withdrawn(events)
	var trail []int
	for _, i := range order {
		e := &events[i]
		if e.concerns(inside.around(id)) {
			trail = append(trail, i)
		}
		if !wrong(e) {
			inside.apply(e)
		}
	}
	return trail
}

// concerns reports whether the event is about the first of the chain, or moves or
// observes one of the others, which contain it.
func (e *Event) concerns(chain []string) bool {
	for id := range e.Identifiers() {
		switch slices.Index(chain, id.ID) {
		case -1:
		case 0:
			return true
		default:
			if id.Role != RoleParent || e.Type == TransactionEvent || e.empties() {
				return true
			}
		}
	}
	return false
}

// empties reports whether everything leaves the parent.
func (e *Event) empties() bool {
	return e.Type == AggregationEvent && e.Action == Delete && len(e.Children) == 0 && len(e.ChildQuantities) == 0
}

// A containment is what is in what at a time.
type containment struct {
	parents map[string]stay
	emptied map[string]int // how often everything left the container
}

// A stay is the presence in a container until it is emptied again.
type stay struct {
	parent  string
	emptied int
}

// around returns id and what it is in, from the inside.
func (c *containment) around(id string) []string {
	chain := []string{id}
	for len(chain) <= maxNesting {
		s, ok := c.parents[chain[len(chain)-1]]
		if !ok || s.emptied != c.emptied[s.parent] || slices.Contains(chain, s.parent) {
			break
		}
		chain = append(chain, s.parent)
	}
	return chain
}

// apply makes the containment that of the time after the event.
func (c *containment) apply(e *Event) {
	switch {
	case e.empties():
		c.emptied[e.Parent]++
	case e.Type == AggregationEvent && e.Action == Delete:
		for _, child := range e.Children {
			if c.parents[child].parent == e.Parent {
				delete(c.parents, child)
			}
		}
	case e.Type == AggregationEvent && e.Parent != "":
		for _, child := range e.Children {
			c.parents[child] = stay{e.Parent, c.emptied[e.Parent]}
		}
	case e.Type == ObjectEvent && e.Action == Delete:
		for _, id := range e.EPCs {
			delete(c.parents, id)
		}
	case e.Type == TransformationEvent:
		for _, id := range e.Inputs {
			delete(c.parents, id)
		}
	}
}
