package epcis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A pack of the DSCSA sample: commissioned, packed into its case, on the pallet, shipped.
// The commissioning of the pallet came before it was in it.
func TestSampleTrace(t *testing.T) {
	events := parsed(t, document(t, sample)).Events
	for _, tt := range []struct {
		id   string
		want []int
	}{
		{samplePack, []int{1, 3, 7, 8}},
		{sampleCase, []int{2, 3, 7, 8}},
		{samplePallet, []int{6, 7, 8}},
		{"https://id.gs1.org/01/00300010123455/21/22", []int{1, 5, 7, 8}},
		{"https://id.gs1.org/01/00300010123455/21/23", nil},
	} {
		var got []int
		for _, i := range Trace(events, tt.id) {
			got = append(got, events[i].Number)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("Trace(%s) = %v, want %v", tt.id, got, tt.want)
		}
	}
}

// story makes events of lines, an hour apart: "pack into case: a b", "observe case: a",
// "unpack from case: a", "empty case", "see a", "kill a", "transact case: a", "make b of a".
func story(lines ...string) []Event {
	events := make([]Event, len(lines))
	for i, line := range lines {
		head, rest, _ := strings.Cut(line, ":")
		words, objects := strings.Fields(head), strings.Fields(rest)
		last := words[len(words)-1]
		e := Event{Number: i + 1, Time: time.Date(2026, 1, 2, 3+i, 0, 0, 0, time.UTC)}
		switch words[0] {
		case "pack":
			e.Type, e.Action, e.Parent, e.Children = AggregationEvent, Add, last, objects
		case "observe":
			e.Type, e.Action, e.Parent, e.Children = AggregationEvent, Observe, last, objects
		case "unpack":
			e.Type, e.Action, e.Parent, e.Children = AggregationEvent, Delete, last, objects
		case "empty":
			e.Type, e.Action, e.Parent = AggregationEvent, Delete, last
		case "attach":
			e.Type, e.Action, e.Parent, e.Children = AssociationEvent, Add, last, objects
		case "see":
			e.Type, e.Action, e.EPCs = ObjectEvent, Observe, words[1:]
		case "kill":
			e.Type, e.Action, e.EPCs = ObjectEvent, Delete, words[1:]
		case "transact":
			e.Type, e.Action, e.Parent, e.EPCs = TransactionEvent, Add, last, objects
		case "make":
			e.Type, e.Outputs, e.Inputs = TransformationEvent, words[1:2], words[3:]
		default:
			panic("no such verb: " + line)
		}
		events[i] = e
	}
	return events
}

func TestTrace(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []int // of "a"
	}{
		{"outside", []string{"see case", "pack into case: a", "see case"}, []int{1, 2}},
		{"taken out", []string{"pack into case: a b", "unpack from case: a", "see case", "see a"}, []int{0, 1, 3}},
		{"another taken out", []string{"pack into case: a b", "unpack from case: b", "see case"}, []int{0, 2}},
		{"put beside", []string{"pack into case: a", "pack into case: b", "see case"}, []int{0, 2}},
		{"emptied", []string{"pack into case: a", "empty case", "see case", "pack into case: a", "see case"}, []int{0, 1, 3, 4}},
		{"the pallet is emptied", []string{"pack into pallet: case", "pack into case: a", "empty pallet", "see pallet", "see case"}, []int{1, 2, 4}},
		{"from another case", []string{"pack into case: a", "pack into box: a", "unpack from case: a", "see case", "see box"}, []int{0, 1, 2, 4}},
		{"observed inside", []string{"observe case: a", "see case"}, []int{0, 1}},
		{"the container is observed with others", []string{"pack into case: a", "observe case: b", "see case"}, []int{0, 2}},
		{"the container was packed first", []string{"pack into pallet: case", "pack into case: a", "see pallet"}, []int{1, 2}},
		{"decommissioned", []string{"pack into case: a", "kill a", "see case"}, []int{0, 1}},
		{"consumed", []string{"pack into case: a", "make c of a", "see case"}, []int{0, 1}},
		{"transaction of the container", []string{"pack into case: a", "transact case: x", "transact x: case"}, []int{0, 1, 2}},
		{"a device on the container", []string{"pack into case: a", "attach to case: logger", "see logger", "see case"}, []int{0, 3}},
		{"as a parent", []string{"see a", "pack into a: b", "empty a"}, []int{0, 1, 2}},
		{"a circle", []string{"pack into case: a", "pack into a: case", "see case", "see a"}, []int{0, 1, 2, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Trace(story(tt.lines...), "a"); !slices.Equal(got, tt.want) {
				t.Errorf("Trace(%q) = %v, want %v", tt.lines, got, tt.want)
			}
		})
	}
}

// An event that is declared wrong is shown, but nobody moved. Its twin with the
// declaration has its eventID.
func TestTraceOfWrongEvents(t *testing.T) {
	events := story("pack into case: a", "pack into case: a", "see case", "pack into box: a", "see box")
	events[0].ID, events[1].ID, events[1].Error = "urn:uuid:1", "urn:uuid:1", &Declaration{}
	if got, want := Trace(events, "a"), []int{0, 1, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("Trace() = %v, want %v", got, want)
	}
}

// Containers in containers without end end.
func TestTraceIsBounded(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("pack into c%d: c%d", i+1, i))
	}
	lines = append(lines, fmt.Sprintf("see c%d", maxNesting), fmt.Sprintf("see c%d", maxNesting+1))
	if got := Trace(story(lines...), "c0"); len(got) != maxNesting+2 || got[maxNesting+1] != 100 {
		t.Errorf("Trace() = %v, want %d packings and event 100", got, maxNesting+1)
	}
}

// The order in which events come from several documents does not matter, and the trace
// is what a person with a pencil would find: a naive walk over the whole past, again
// for each event.
func TestTraceOfAnyStory(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "case", "box", "pallet"})
	line := rapid.Custom(func(t *rapid.T) string {
		x, y := names.Draw(t, "x"), names.Draw(t, "y")
		verb := rapid.SampledFrom([]string{"pack into %s: %s", "unpack from %s: %s", "observe %s: %s", "empty %s", "see %s", "kill %s", "transact %s: %s"}).Draw(t, "verb")
		return strings.Split(fmt.Sprintf(verb+"%%", x, y), "%")[0]
	})
	rapid.Check(t, func(t *rapid.T) {
		events := story(rapid.SliceOfN(line, 1, 20).Draw(t, "story")...)
		for i := range events {
			events[i].Children = slices.DeleteFunc(events[i].Children, func(c string) bool { return c == events[i].Parent })
		}
		want := pencil(events, "a")
		order := rapid.Permutation(events).Draw(t, "order")
		var got []int
		for _, i := range Trace(order, "a") {
			got = append(got, order[i].Number-1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Trace() = %v, want %v", got, want)
		}
	})
}

// pencil is Trace without its data structures.
func pencil(events []Event, id string) []int {
	var trail []int
	for i := range events {
		chain, at := []string{id}, id
		for at != "" {
			at = containerOf(events[:i], at)
			if slices.Contains(chain, at) {
				break
			}
			if at != "" {
				chain = append(chain, at)
			}
		}
		e := &events[i]
		named := append(slices.Clone(e.EPCs), e.Children...)
		whole := e.Type == TransactionEvent || e.Type == AggregationEvent && e.Action == Delete && len(e.Children) == 0
		if e.Parent != "" && (whole || e.Parent == id) {
			named = append(named, e.Parent)
		}
		if slices.ContainsFunc(chain, func(c string) bool { return slices.Contains(named, c) }) {
			trail = append(trail, i)
		}
	}
	return trail
}

// containerOf returns what the last event that tells of it says.
func containerOf(past []Event, id string) string {
	for i, e := range slices.Backward(past) {
		switch {
		case e.Type == ObjectEvent && e.Action == Delete && slices.Contains(e.EPCs, id):
			return ""
		case e.Type != AggregationEvent:
		case e.Action != Delete && slices.Contains(e.Children, id):
			return e.Parent
		case e.Action == Delete && (slices.Contains(e.Children, id) || len(e.Children) == 0):
			if before := containerOf(past[:i], id); cmp.Or(before, e.Parent) == e.Parent {
				return ""
			}
		}
	}
	return ""
}
