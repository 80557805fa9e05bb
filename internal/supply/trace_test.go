package supply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"theriac/chain"
	"theriac/epcis"
	"theriac/internal/ledger"
	"theriac/internal/supply"
)

// steps returns what a trail says, in its order.
func (o *office) steps(identifier string) []string {
	o.town.t.Helper()
	trail, err := o.at().Trace(o.town.t.Context(), identifier)
	if err != nil {
		o.town.t.Fatalf("Trace(%s) = %v", identifier, err)
	}
	var out []string
	for _, s := range trail.Events {
		out = append(out, fmt.Sprintf("%s %s %d", s.BizStep, s.Action, s.Event))
	}
	return out
}

func (o *office) capture(d *epcisDoc) {
	o.town.t.Helper()
	if _, err := o.at().Capture(o.town.t.Context(), d.bytes()); err != nil {
		o.town.t.Fatal(err)
	}
}

// A pack's trail is its own and, while it was in them, its containers', from
// whatever document, captured in whatever order.
func TestTraceThroughContainers(t *testing.T) {
	a, b := sgtin(foreignGTIN(), "1"), sgtin(foreignGTIN(), "2")
	box, pallet, other := sscc(1), sscc(2), sscc(3)
	docs := []*epcisDoc{
		new(epcisDoc).commission("F1", "2028-01-31", a, b).pack("ADD", box, a).ship(pallet).ship(other).ship(other).ship(pallet),
	}
	// The second document says what the first does not: the box is on the pallet.
	later := new(epcisDoc)
	for range 4 {
		later.ship(other)
	}
	later.pack("ADD", pallet, box).ship(pallet).pack("DELETE", box, a).ship(box).ship(a)
	docs = append(docs, later)
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		n := newTown(t)
		for _, i := range order {
			n.dd.capture(docs[i])
		}
		want := []string{"commissioning ADD 1", "packing ADD 2", "packing ADD 5", "shipping OBSERVE 6", "shipping OBSERVE 6", "packing DELETE 7", "shipping OBSERVE 9"}
		for _, form := range []string{a, "(01)" + string(foreignGTIN()) + "(21)1", "01" + string(foreignGTIN()) + "211"} {
			if got := n.dd.steps(form); !slices.Equal(got, want) {
				t.Errorf("captured in order %v: the trail of %s is %q, want %q", order, form, got, want)
			}
		}
		if got, want := n.dd.steps(b), []string{"commissioning ADD 1"}; !slices.Equal(got, want) {
			t.Errorf("the trail of the pack beside it is %q, want %q", got, want)
		}
		if got := n.dd.steps(sgtin(foreignGTIN(), "77")); len(got) != 0 {
			t.Errorf("the trail of an unknown pack is %q", got)
		}
	}
}

// What was declared wrong by a later document is listed and moves nothing.
func TestTraceKnowsErrorDeclarations(t *testing.T) {
	n := newTown(t)
	a, box := sgtin(foreignGTIN(), "1"), sscc(1)
	id := `"eventID":"urn:uuid:00000000-0000-4000-8000-000000000001",`
	packed := id + fmt.Sprintf(`"action":"ADD","bizStep":"packing","parentID":%q,"childEPCs":[%q]`, box, a)
	n.dd.capture(new(epcisDoc).add("AggregationEvent", packed).ship(box))
	if got := n.dd.steps(a); len(got) != 2 {
		t.Errorf("the trail is %q, want packing and shipping", got)
	}
	n.dd.capture(new(epcisDoc).add("AggregationEvent", packed+`,"errorDeclaration":{"declarationTime":"2026-11-02T00:00:00Z"}`))
	for _, s := range n.dd.steps(a) {
		if s == "shipping OBSERVE 2" {
			t.Error("the trail follows a container that the pack was never in")
		}
	}
}

func TestTraceRefuses(t *testing.T) {
	n := newTown(t)
	right := string(foreignGTIN())
	wrong := right[:13] + string('0'+(right[13]-'0'+1)%10)
	for _, tt := range []struct {
		name, identifier string
		want             error
	}{
		{"nothing", "", epcis.ErrIdentifier},
		{"noise", "what?", epcis.ErrIdentifier},
		{"a wrong check digit", "(01)" + wrong + "(21)1", epcis.ErrIdentifier},
	} {
		if _, err := n.dd.at().Trace(t.Context(), tt.identifier); !errors.Is(err, tt.want) {
			t.Errorf("%s: Trace = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// Attack: a document whose containers stand in one another without end, and
// anybody asks for the innermost.
func TestTraceOfEndlessContainersIsBounded(t *testing.T) {
	n := newTown(t)
	d := new(epcisDoc)
	for i := range 1100 {
		d.pack("ADD", sscc(i+1), sscc(i))
	}
	n.dd.capture(d)
	if _, err := n.dd.at().Trace(t.Context(), sscc(0)); !errors.Is(err, supply.ErrLong) {
		t.Errorf("Trace = %v, want ErrLong", err)
	}
	if _, err := n.dd.at().Trace(t.Context(), sscc(1000)); err != nil {
		t.Errorf("Trace of one near the outside = %v", err)
	}
}

// A class of goods stands in every document: its trail is refused, not cut off.
func TestTraceOfACommonThingIsBounded(t *testing.T) {
	n := newTown(t)
	// What anchors them is no matter here, and slow.
	n.dd.submit = func(context.Context, []byte) (ledger.Result, error) {
		return ledger.Result{Outcome: chain.Applied}, nil
	}
	for i := range 501 {
		n.dd.capture(new(epcisDoc).ship(sscc(7)).ship(sscc(i + 100)))
	}
	if _, err := n.dd.at().Trace(t.Context(), sscc(7)); !errors.Is(err, supply.ErrLong) {
		t.Errorf("Trace = %v, want ErrLong", err)
	}
	if got := n.dd.steps(sscc(100)); len(got) != 1 {
		t.Errorf("the trail of a rare thing is %q", got)
	}
	if trail, err := n.dd.at().Trace(t.Context(), sgtin(foreignGTIN(), "1")); err != nil || !trail.Pack {
		t.Errorf("Trace of a pack = %+v, %v", trail, err)
	}
}
