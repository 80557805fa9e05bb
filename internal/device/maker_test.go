package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/ledger/ledgertest"
	"theriac/refusal"
)

// newDevice makes a device of an organisation, and opens it.
func newDevice(t testing.TB, operator *ledgertest.Org) *Device {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "device")
	must(New(dir, operator.GLN, ""))(t)
	d := must(Open(dir, ""))(t)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *Device) dir() string { return d.folder.root.Name() }

// pills weigh 0.5 to 0.53 g.
func pills() []genuine.Criterion {
	return []genuine.Criterion{{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000}}
}

// change asks for a change of the town's product line.
func (w *town) change(t testing.TB, d *Device, c Change) (*api.Line, error) {
	t.Helper()
	c.GTIN = w.Product
	return d.ChangeLine(t.Context(), w.office(w.DM).client(t), c)
}

func (w *town) lineID() canon.Digest { return chain.LineID(w.DM.GLN, w.Product) }

// judgment opens the line key that a device has.
func (w *town) judgment(t testing.TB, d *Device, epoch uint64) *genuine.LineKey {
	t.Helper()
	return must(d.lineKey(ledgertest.ChainID, w.lineID(), epoch))(t)
}

// fetched opens the line key that a device gets from the maker.
func (w *town) fetched(t testing.TB, d *Device, epoch uint64) (*genuine.LineKey, error) {
	t.Helper()
	if err := d.fetch(t.Context(), w.office(w.DM).client(t), ledgertest.ChainID, w.lineID()); err != nil {
		return nil, err
	}
	return d.lineKey(ledgertest.ChainID, w.lineID(), epoch)
}

// Paper 001, 3.2: judgment value and criteria are set in advance, in the devices.
func TestLineIsMadeAndShared(t *testing.T) {
	w := newTown(t)
	d, carrier, late := newDevice(t, w.DM), newDevice(t, w.DD), newDevice(t, w.Pharmacy)
	l, err := w.change(t, d, Change{Criteria: pills(), Admit: []Card{carrier.Card}})
	if err != nil || l.Epoch != 1 || len(l.Devices) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	own := w.judgment(t, d, 1)
	if own.J == (genuine.Judgment{}) || own.Salt == (canon.ID{}) {
		t.Error("the judgment value is not random")
	}
	k, err := w.fetched(t, carrier, 1)
	if err != nil || k.J != own.J {
		t.Fatalf("the carrier has another key: %v", err)
	}
	_, err = w.fetched(t, late, 1)
	code(t, err, "instrument_no_key")

	// A device that comes later gets the keys of earlier epochs too.
	if l, err = w.change(t, d, Change{Rotate: true}); err != nil || l.Epoch != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	if l, err = w.change(t, d, Change{Admit: []Card{late.Card}}); err != nil || l.Epoch != 2 || len(l.Devices) != 3 {
		t.Fatalf("%+v, %v", l, err)
	}
	for epoch := uint64(1); epoch <= 2; epoch++ {
		a, errA := w.fetched(t, late, epoch)
		b, errB := w.fetched(t, carrier, epoch)
		if errA != nil || errB != nil {
			t.Fatalf("epoch %d: %v, %v", epoch, errA, errB)
		}
		if want := w.judgment(t, d, epoch).J; a.J != want || b.J != want {
			t.Errorf("epoch %d: devices have different keys", epoch)
		}
	}
	if w.judgment(t, d, 1).J == w.judgment(t, d, 2).J {
		t.Error("a new epoch has the old judgment value")
	}
}

// Attack 001-04: who is revoked has no key of the new epoch. New criteria begin one too.
func TestRevokedDeviceGetsNoKey(t *testing.T) {
	w := newTown(t)
	d, carrier, late := newDevice(t, w.DM), newDevice(t, w.DD), newDevice(t, w.Pharmacy)
	for _, c := range []Change{{Criteria: pills(), Admit: []Card{carrier.Card}}, {Rotate: true}, {Admit: []Card{late.Card}}} {
		if _, err := w.change(t, d, c); err != nil {
			t.Fatal(err)
		}
	}
	l, err := w.change(t, d, Change{Revoke: []canon.Digest{carrier.Card.Device}})
	if err != nil || l.Epoch != 3 || len(l.Devices) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	_, err = w.fetched(t, carrier, 3)
	code(t, err, "instrument_no_key")
	for _, k := range w.office(w.DM).keys[w.lineID()] {
		if k.Device == carrier.Card.Device && k.Epoch == 3 {
			t.Error("the revoked device was given a key")
		}
	}
	wider := pills()
	wider[0].High = 540_000
	if l, err = w.change(t, d, Change{Criteria: wider}); err != nil || l.Epoch != 4 {
		t.Fatalf("%+v, %v", l, err)
	}
	k, err := w.fetched(t, late, 4)
	if err != nil || !cmp.Equal(k.Criteria, wider) {
		t.Error(k, err)
	}
	if k, err = w.fetched(t, late, 1); err != nil || !cmp.Equal(k.Criteria, pills()) {
		t.Error(k, err)
	}
	card, lines, err := Inspect(late.dir())
	if err != nil || !cmp.Equal(*card, late.Card) || len(lines) != 1 || !slices.Equal(lines[0].Epochs, []uint64{1, 2, 3, 4}) {
		t.Errorf("%+v, %+v, %v", card, lines, err)
	}
}

func TestChangesThatCannotBe(t *testing.T) {
	w := newTown(t)
	d, carrier, foreign := newDevice(t, w.DM), newDevice(t, w.DD), newDevice(t, w.DD)
	refused := func(c Change, want string) {
		t.Helper()
		_, err := w.change(t, d, c)
		code(t, err, want)
	}
	refused(Change{}, "bad_line_change") // no criteria yet
	refused(Change{Criteria: []genuine.Criterion{}}, "bad_criterion")
	forged := carrier.Card
	forged.Seal = foreign.Card.Seal
	refused(Change{Criteria: pills(), Admit: []Card{forged}}, "bad_card")
	if _, err := w.change(t, d, Change{Criteria: pills(), Admit: []Card{carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	refused(Change{Revoke: []canon.Digest{foreign.Card.Device}}, "bad_line_change")
	refused(Change{Revoke: []canon.Digest{d.Card.Device}}, "bad_line_change")
	_, err := carrier.ChangeLine(t.Context(), w.office(w.DM).client(t), Change{GTIN: w.Product, Criteria: pills()})
	code(t, err, "wrong_operator")
	other := newDevice(t, w.DM)
	_, err = w.change(t, other, Change{Rotate: true})
	code(t, err, "line_elsewhere")
	_, err = d.ChangeLine(t.Context(), w.office(w.DM).client(t), Change{GTIN: w.Lot.GTIN, Criteria: pills()})
	code(t, err, "prefix_not_licensed")
	if _, err := ParseCard([]byte(`{}`)); !errors.Is(err, errCard) {
		t.Error(err)
	}
}

// Attack: the maker's own server puts a device of its own into the record that it
// shows, to be given the next judgment value.
func TestServerCannotAdmitItsDevice(t *testing.T) {
	w := newTown(t)
	d, mole := newDevice(t, w.DM), newDevice(t, w.DM)
	if _, err := w.change(t, d, Change{Criteria: pills()}); err != nil {
		t.Fatal(err)
	}
	o := w.office(w.DM)
	o.answer = func(v any) any {
		if all, ok := v.(api.Lines); ok {
			all.Items[0].Devices = append(all.Items[0].Devices, api.LineDevice{Point: mole.Card.Point, Seal: mole.Card.Seal, Operator: w.DM.GLN})
		}
		return v
	}
	for _, c := range []Change{{Rotate: true}, {}, {Criteria: pills()}} {
		_, err := w.change(t, d, c)
		code(t, err, "line_elsewhere")
	}
	// On the ledger too: then it has no key, and taking over leaves it out.
	o.answer = nil
	l := must(loadLine(d.folder, w.lineID()))(t)
	put := chain.PutLine{GTIN: w.Product, Criteria: l.Record.Criteria, Epoch: 1, Devices: []chain.Device{*d.Card.device(), *mole.Card.device()}}
	slices.SortFunc(put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
	w.Admit(w.DM.Tx(w.Now, chain.KindLine, put))
	_, err := w.change(t, d, Change{Rotate: true})
	code(t, err, "line_elsewhere")
	now, err := w.change(t, d, Change{TakeOver: true})
	if err != nil || now.Epoch != 2 || len(now.Devices) != 1 {
		t.Fatalf("%+v, %v", now, err)
	}
	for _, k := range o.keys[w.lineID()] {
		if k.Device == mole.Card.Device {
			t.Error("the mole was given a key")
		}
	}
}

// The registration device is lost; another one of the maker's goes on.
func TestTakeOver(t *testing.T) {
	w := newTown(t)
	first, second, carrier := newDevice(t, w.DM), newDevice(t, w.DM), newDevice(t, w.DD)
	if _, err := w.change(t, first, Change{Criteria: pills(), Admit: []Card{second.Card, carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	l, err := w.change(t, second, Change{TakeOver: true, Admit: []Card{carrier.Card}})
	if err != nil || l.Epoch != 2 || len(l.Devices) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	for epoch := uint64(1); epoch <= 2; epoch++ {
		if k, err := w.fetched(t, carrier, epoch); err != nil || k.J != w.judgment(t, second, epoch).J || !cmp.Equal(k.Criteria, pills()) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
	_, err = w.change(t, first, Change{Rotate: true})
	code(t, err, "line_elsewhere")
	if _, err := w.change(t, second, Change{Admit: []Card{newDevice(t, w.Pharmacy).Card}}); err != nil {
		t.Error(err)
	}
}

// A lost answer, or a kill -9 while the server was told: run again, the device finds
// what was done and makes no further judgment value.
func TestLostAnswersAreFound(t *testing.T) {
	w := newTown(t)
	d, carrier := newDevice(t, w.DM), newDevice(t, w.DD)
	o := w.office(w.DM)
	for i, c := range []Change{{Criteria: pills(), Admit: []Card{carrier.Card}}, {Rotate: true}, {Revoke: []canon.Digest{carrier.Card.Device}}, {Admit: []Card{carrier.Card}}} {
		o.lose["PUT /v1/lines"] = 1
		if _, err := w.change(t, d, c); err == nil || refusal.Code(err) != "" {
			t.Fatalf("change %d: %v, want a lost answer", i, err)
		}
		told := len(o.heard["PUT /v1/lines"])
		l, err := w.change(t, d, c)
		if want := []uint64{1, 2, 3, 3}[i]; err != nil || l.Epoch != want {
			t.Fatalf("change %d again: %+v, %v", i, l, err)
		}
		if said := o.heard["PUT /v1/lines"]; !bytes.Equal(said[told-1], said[told]) {
			t.Errorf("change %d: the second time another thing was said", i)
		}
	}
	if k, err := w.fetched(t, carrier, 3); err != nil || k.J != w.judgment(t, d, 3).J {
		t.Error(err)
	}
}

// What the server was told and never did is tried anew, with another judgment value: the
// first was sealed to devices that the line may not have now.
func TestUndoneAttempts(t *testing.T) {
	w := newTown(t)
	d, carrier := newDevice(t, w.DM), newDevice(t, w.DD)
	if _, err := w.change(t, d, Change{Criteria: pills(), Admit: []Card{carrier.Card}}); err != nil {
		t.Fatal(err)
	}
	o := w.office(w.DM)
	down := errors.New("down")
	for range 2 * maxTried {
		o.before = refusing("PUT", down)
		if _, err := w.change(t, d, Change{Rotate: true}); err == nil {
			t.Fatal("the server is down")
		}
	}
	l := must(loadLine(d.folder, w.lineID()))(t)
	if len(l.Maker.Tried) != maxTried || len(l.Keys) != 1+maxTried {
		t.Errorf("%d attempts, %d keys", len(l.Maker.Tried), len(l.Keys))
	}
	seen := map[canon.Digest]bool{}
	for _, h := range l.Keys {
		seen[h.Criteria] = true
	}
	if len(seen) != 1+maxTried {
		t.Error("attempts share a key")
	}
	o.before = nil
	now, err := w.change(t, d, Change{Revoke: []canon.Digest{carrier.Card.Device}})
	if err != nil || now.Epoch != 2 || len(now.Devices) != 1 {
		t.Fatalf("%+v, %v", now, err)
	}
	l = must(loadLine(d.folder, w.lineID()))(t)
	if len(l.Maker.Tried) != 0 || len(l.Keys) != 2 || slices.ContainsFunc(l.Maker.Given, func(g given) bool { return g.Epoch == 2 && g.Device != d.Card.Device }) {
		t.Errorf("left over: %+v", l.Maker)
	}
}

func refusing(method string, err error) func(r *http.Request) error {
	return func(r *http.Request) error {
		if r.Method == method {
			return err
		}
		return nil
	}
}

// A line of many devices and epochs is told in parts that a server takes: first the
// record with all keys of its epoch.
func TestLargeLineIsToldInParts(t *testing.T) {
	a := &attempt{Epoch: 20, Criteria: canon.Sum([]byte("criteria"))}
	l := &line{Maker: &maker{}, Record: api.Line{GTIN: "09521141200018"}}
	for i := range 256 {
		c := Card{Device: canon.Sum([]byte{byte(i)}), Operator: "4000000000044", Point: make([]byte, 65), Seal: make([]byte, 65)}
		a.Devices = append(a.Devices, c)
		for epoch := uint64(1); epoch <= 20; epoch++ {
			l.Maker.Given = append(l.Maker.Given, given{Device: c.Device, Epoch: epoch, Criteria: a.Criteria, Sealed: make([]byte, 1900)})
		}
	}
	l.Maker.Given = append(l.Maker.Given, given{Device: canon.Sum([]byte("revoked")), Epoch: 1}, given{Device: a.Devices[0].Device, Epoch: 20, Sealed: []byte("of another attempt")})
	sent := 0
	for i, u := range l.updates(a) {
		raw := must(json.Marshal(u))(t)
		if len(raw) > 1<<20 || len(u.Devices) != 256 {
			t.Errorf("part %d has %d bytes", i, len(raw))
		}
		for _, k := range u.Keys {
			if sent++; (k.Epoch == 20) != (i == 0) {
				t.Errorf("part %d has a key of epoch %d", i, k.Epoch)
			}
		}
	}
	if sent != 256*20 {
		t.Errorf("%d keys, want %d", sent, 256*20)
	}
}
