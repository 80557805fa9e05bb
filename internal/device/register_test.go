package device

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/refusal"
)

// A lab is a town with a line, its registration device, the distributor's device, and
// an instrument each.
type lab struct {
	*town
	maker, carrier *Device
	pan, scale     *pan
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{town: newTown(t), pan: newPan("0.512300"), scale: newPan("0.513")}
	l.maker, l.carrier = newDevice(t, l.DM), newDevice(t, l.DD)
	if _, err := l.change(t, l.maker, Change{Criteria: pills(), Admit: []Card{l.carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	return l
}

// registrar is the maker's registration device at work.
func (l *lab) registrar(t *testing.T) *Registrar {
	return l.registrarOf(t, l.maker, l.DM, l.pan)
}

func (l *lab) registrarOf(t *testing.T, d *Device, of *ledgertest.Org, i Instrument) *Registrar {
	t.Helper()
	return &Registrar{
		Device: d, Office: l.office(of).client(t), Bench: benchOf(t, time.Minute, i),
		Reach: func(endpoint string) (*client.Client, error) { return client.New(endpoint, "") },
	}
}

func (l *lab) job(from, to uint64) Job {
	return Job{GTIN: l.Product, Batch: "L42", Packs: chain.Range{From: from, To: to}, To: l.DD.GLN, Place: l.DD.GLN}
}

// weigh lays what is given on the pan for each place, and the usual pack for others.
func (l *lab) weigh(r *Registrar, values map[uint64]string) {
	r.Ask = func(_ context.Context, t *Thing) error {
		value, ok := values[t.Place]
		if !ok {
			value = "0.5123"
		}
		l.pan.put(value)
		return nil
	}
}

// Paper 001, 3.2: marks of legitimate packs are registered; what is out of range is
// left out, and the ranges are cut.
func TestRegisterCutsRanges(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	l.weigh(r, map[uint64]string{50: "0.5", 52: "0.499999", 53: "0.530001", 57: "0.53", 58: "12"})
	var judged []string
	r.Judged = func(x *Thing, err error) error {
		judged = append(judged, refusal.Code(err))
		return err
	}
	last := uint64(0)
	r.Progress = func(done, total uint64) {
		if done != last+1 || total != 7 {
			t.Errorf("progress %d of %d", done, total)
		}
		last = done
	}
	got, err := r.Register(t.Context(), l.job(50, 60))
	if err != nil {
		t.Fatal(err)
	}
	want := []chain.Range{{From: 50, To: 52}, {From: 54, To: 58}, {From: 59, To: 60}}
	if diff := cmp.Diff(want, got.Registration.Terms.Ranges); diff != "" || got.Registration.Size != 7 || got.Registration.Terms.Counter != 1 {
		t.Errorf("%+v\n%s", got.Registration, diff)
	}
	var out []uint64
	for _, x := range got.LeftOut {
		out = append(out, x.Place)
		if !strings.Contains(x.Code, string(l.Packs[x.Place].Serial)) {
			t.Errorf("pack %d is %s", x.Place, x.Code)
		}
	}
	if !slices.Equal(out, []uint64{52, 53, 58}) || len(judged) != 10 || judged[2] != "not_legitimate" || judged[0] != "" {
		t.Errorf("left out %v, judged %q", out, judged)
	}
	if _, err := decodePending(l.maker); err == nil {
		t.Error("something is pending")
	}
	// The consignee's server opens the transaction information, and nobody else's.
	u, err := l.office(l.DD).transaction(got.Registration.ID, 2, l.codeOf(54))
	if err != nil || u.Item != "01"+string(l.Product)+"21"+string(l.Packs[54].Serial) || u.Index != 2 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := l.office(l.Pharmacy).transaction(got.Registration.ID, 2, l.codeOf(54)); err == nil {
		t.Error("another organisation opened the consignment")
	}
}

func decodePending(d *Device) (*pending, error) {
	var p pending
	return &p, decode(d.folder, pendingFile, &p)
}

func TestNothingLegitimateRegistersNothing(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	leaves := len(l.State.Leaves)
	l.pan.put("0.4")
	_, err := r.Register(t.Context(), l.job(50, 60))
	code(t, err, "not_legitimate")
	l.pan.mu.Lock()
	l.pan.reading = append(l.pan.reading, genuine.Reading{Feature: "hardness", Unit: "N", Value: 1})
	l.pan.mu.Unlock()
	_, err = r.Register(t.Context(), l.job(50, 60))
	code(t, err, "bad_reading")
	if len(l.State.Leaves) != leaves {
		t.Error("the ledger has something")
	}
}

// A person leaves things out, measures one again after a failure, and ends early.
func TestPersonAtTheInstrument(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	asked := map[uint64]int{}
	r.Ask = func(_ context.Context, x *Thing) error {
		asked[x.Place]++
		l.pan.put("0.5123")
		switch {
		case x.Place == 51:
			return ErrSkip
		case x.Place == 52 && asked[52] < 3:
			l.pan.fail(errors.New("drawer open"))
		case x.Place == 54:
			return ErrEnd
		}
		return nil
	}
	r.Judged = func(x *Thing, err error) error { return nil }
	got, err := r.Register(t.Context(), l.job(50, 60))
	if err != nil || asked[52] != 3 || asked[55] != 0 {
		t.Fatal(err, asked)
	}
	if diff := cmp.Diff([]chain.Range{{From: 50, To: 51}, {From: 52, To: 54}}, got.Registration.Terms.Ranges); diff != "" {
		t.Error(diff)
	}
}

// Nobody there: a failure ends the work, because which thing was next is not known. What
// was measured before is not lost.
func TestFailureInTheLine(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	n := 0
	r.Ask = func(context.Context, *Thing) error {
		if n++; n == 4 {
			l.pan.fail(errors.New("cable"))
		}
		return nil
	}
	got, err := r.Register(t.Context(), l.job(60, 70))
	if err != nil || got.Registration.Size != 3 || !strings.HasPrefix(got.Stopped, "63 (01)") || len(got.LeftOut) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	r.Ask = nil
	_, err = r.Register(t.Context(), l.job(63, 70))
	code(t, err, "instrument_failed")
	ctx, cancel := context.WithCancel(t.Context())
	l.pan.put("0.51")
	r.Ask = func(context.Context, *Thing) error {
		if n++; n == 8 {
			cancel()
		}
		return nil
	}
	if _, err = r.Register(ctx, l.job(63, 70)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// The supplier registers again: the counter is the ledger's next, packs of a whole have
// one mark, and a lot of material too.
func TestCounters(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	for want := uint64(1); want <= 3; want++ {
		got, err := r.Register(t.Context(), l.job(50, 60))
		if err != nil || got.Registration.Terms.Counter != want {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	j := l.job(60, 70)
	j.Counter = 2
	_, err := r.Register(t.Context(), j)
	code(t, err, "wrong_counter")
	_, err = r.Register(t.Context(), l.job(55, 65)) // some have a counter, some none
	code(t, err, "wrong_counter")

	j = l.job(70, 90)
	j.Whole, j.Item = true, "(00)"+ledgertest.WithCheckDigit("04000030000000001")
	for want := uint64(1); want <= 2; want++ {
		got, err := r.Register(t.Context(), j)
		if err != nil || got.Registration.Terms.Counter != want || got.Registration.Size != 1 || !got.Registration.Terms.Whole {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	d := newDevice(t, l.MS)
	office := l.office(l.MS).client(t)
	if _, err := d.ChangeLine(t.Context(), office, Change{GTIN: l.Lot.GTIN, Criteria: pills()}); err != nil {
		t.Fatal(err)
	}
	j = Job{GTIN: l.Lot.GTIN, Material: true, Item: l.Lot.String(), To: l.DM.GLN, Place: l.DM.GLN, Fields: map[string]string{"temperature": "5"}}
	for want := uint64(1); want <= 2; want++ {
		got, err := l.registrarOf(t, d, l.MS, l.pan).Register(t.Context(), j)
		if err != nil || got.Registration.Terms.Counter != want || *got.Registration.Terms.Material != l.Lot {
			t.Fatalf("%+v, %v", got, err)
		}
		u, err := l.office(l.DM).transaction(got.Registration.ID, 0, l.Lot.String())
		if err != nil || u.Fields["temperature"] != "5" {
			t.Errorf("%+v, %v", u, err)
		}
	}
}

// A killed process, or a lost answer, leaves what was measured on the disk: the next run
// sends it under its name, measures nothing again, and the ledger has it once.
func TestPendingIsSentOnce(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	o := l.office(l.DM)
	for _, tt := range []struct {
		name string
		set  func()
	}{
		{"answer lost", func() { o.lose["POST /v1/registrations"] = 1 }},
		{"server down", func() { o.before = refusing("POST", errors.New("down")) }},
		{"ledger busy", func() { o.before = refusing("POST", refusal.New("busy", "busy")) }},
		{"wrong token", func() { o.before = refusing("POST", refusal.New("unauthorised", "no")) }},
	} {
		tt.set()
		before := l.pan.n
		if _, err := r.Register(t.Context(), l.job(50, 60)); err == nil || !strings.Contains(err.Error(), "it is kept") {
			t.Fatalf("%s: %v", tt.name, err)
		}
		p := must(decodePending(l.maker))(t)
		o.before = nil
		got, err := r.Register(t.Context(), l.job(50, 60))
		if err != nil || !got.Found || got.Registration.Terms.Root != p.Registering.Terms.Root || l.pan.n != before+10 {
			t.Fatalf("%s: %+v, %v, %d measurements", tt.name, got, err, l.pan.n-before)
		}
		if _, err := decodePending(l.maker); err == nil {
			t.Errorf("%s: still pending", tt.name)
		}
	}
	if got := len(l.kept); got != 4 {
		t.Errorf("%d registrations, want 4", got)
	}
}

// Another job sends what waits first, and goes on with its own; what the ledger refuses
// is not tried for ever.
func TestPendingOfAnotherJob(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	o := l.office(l.DM)
	o.lose["POST /v1/registrations"] = 1
	if _, err := r.Register(t.Context(), l.job(60, 70)); err == nil {
		t.Fatal("the answer was lost")
	}
	got, err := r.Register(t.Context(), l.job(70, 80))
	if err != nil || got.Found || got.Registration.Terms.Ranges[0].From != 70 || len(l.kept) != 2 {
		t.Errorf("%+v, %v, %d", got, err, len(l.kept))
	}
	j := l.job(80, 90)
	j.Counter = 7
	_, err = r.Register(t.Context(), j)
	code(t, err, "wrong_counter")
	if _, err := decodePending(l.maker); err == nil {
		t.Error("a refused one is pending")
	}
	// Attack: a server answers with another registration than it was sent.
	o.answer = func(v any) any {
		if x, ok := v.(*api.Registration); ok {
			x.Terms.Root = canon.Sum([]byte("another"))
		}
		return v
	}
	if _, err := r.Register(t.Context(), l.job(80, 90)); err == nil {
		t.Error("another registration was taken")
	}
	if _, err := decodePending(l.maker); err != nil {
		t.Error("what was measured is gone")
	}
}

// What waits on the disk has neither readings, nor transaction information in clear.
func TestPendingHasNoSecrets(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	l.office(l.DM).lose["POST /v1/registrations"] = 1
	l.pan.put("0.517171")
	j := l.job(50, 60)
	j.Fields = map[string]string{"temperature": "secretly five"}
	if _, err := r.Register(t.Context(), j); err == nil {
		t.Fatal("the answer was lost")
	}
	raw := must(l.maker.folder.read(pendingFile))(t)
	for _, secret := range []string{"517171", "secretly"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%s is in clear", secret)
		}
	}
	k := l.judgment(t, l.maker, 1)
	findNowhere(t, l.maker.dir(), k.J[:])
}

// transaction opens what was sealed to the consignee, with its own key.
func (o *office) transaction(id canon.Digest, index uint64, code string) (*genuine.Transaction, error) {
	var r chain.Registration
	o.Read(chain.RegistrationKey(id), &r)
	c, err := genuine.OpenConsignment(o.seal, ledgertest.ChainID, &r, o.kept[id].sealed)
	if err != nil {
		return nil, err
	}
	scanned, err := gs1.ParseIdentifier(code, o.Now)
	if err != nil {
		return nil, err
	}
	item, err := genuine.Item(scanned)
	if err != nil {
		return nil, err
	}
	return c.Transaction(index, item), nil
}
