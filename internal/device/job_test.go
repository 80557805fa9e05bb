package device

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
)

// Paper 001, 4.1.1, hop by hop: the verified consignee sends packs on, scanning them.
func TestHopIsScanned(t *testing.T) {
	l := newLab(t)
	first, err := l.registrar(t).Register(t.Context(), Job{GTIN: l.Product, Batch: "L42", Packs: chain.Range{From: 25, To: 30}, To: l.DD.GLN, Place: l.DD.GLN})
	if err != nil {
		t.Fatal(err)
	}
	r := l.registrarOf(t, l.carrier, l.DD, l.scale)
	codes := []uint64{28, 26, 28, 27}
	scan := func() {
		next := slices.Clone(codes)
		r.Scan = func(context.Context) (string, error) {
			if len(next) == 0 {
				return "", io.EOF
			}
			code := l.codeOf(next[0])
			next = next[1:]
			return code, nil
		}
	}
	j := Job{GTIN: l.Product, Batch: "L42", To: l.Pharmacy.GLN, Place: l.Pharmacy.GLN}
	scan()
	_, err = r.Register(t.Context(), j)
	code(t, err, "not_verified")
	for _, place := range []uint64{26, 27, 28} {
		if _, err := l.identifier(t, l.DD, l.meterOf(t, l.carrier, l.scale)).Identify(t.Context(), l.codeOf(place), canon.Digest{}, 0); err != nil {
			t.Fatal(err)
		}
	}
	scan()
	got, err := r.Register(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	want := []chain.Range{{From: 26, To: 29}}
	if diff := cmp.Diff(want, got.Registration.Terms.Ranges); diff != "" || got.Registration.Terms.Counter != 2 || got.Registration.Before[0] != first.Registration.ID {
		t.Errorf("%+v\n%s", got.Registration, diff)
	}
	// Each mark is that of its pack, whatever the order of scanning was.
	u, err := l.office(l.Pharmacy).transaction(got.Registration.ID, 0, l.codeOf(26))
	if err != nil {
		t.Fatal(err)
	}
	k := l.judgment(t, l.carrier, 1)
	v := must(k.Verification(ledgertest.Good(), u))(t)
	if l.kept[got.Registration.ID].marks[0] != chain.MarkLeaf(v) {
		t.Error("the first mark is another pack's")
	}
	// Codes of another's packs are not on this server.
	j.Packs = chain.Range{From: 26, To: 28}
	_, err = r.Register(t.Context(), j)
	code(t, err, "bad_job")
}

func TestJobsThatCannotBe(t *testing.T) {
	l := newLab(t)
	r := l.registrar(t)
	for name, tt := range map[string]struct {
		change func(*Job)
		want   string
	}{
		"no such batch":      {func(j *Job) { j.Batch = "L43" }, "bad_job"},
		"no batch":           {func(j *Job) { j.Batch = "" }, "bad_job"},
		"too many packs":     {func(j *Job) { j.Packs.To = 101 }, "bad_job"},
		"backwards":          {func(j *Job) { j.Packs = chain.Range{From: 60, To: 50} }, "bad_job"},
		"no member":          {func(j *Job) { j.To = ledgertest.WithCheckDigit("400000000099") }, "bad_job"},
		"no GLN":             {func(j *Job) { j.Place = "here" }, "bad_job"},
		"nobody's product":   {func(j *Job) { j.GTIN = "09521141200018" }, "bad_job"},
		"whole without code": {func(j *Job) { j.Whole = true }, "bad_job"},
		"whole with a pack's code": {func(j *Job) {
			j.Whole, j.Item = true, l.codeOf(50)
		}, "bad_job"},
		"material with packs": {func(j *Job) { j.Material, j.Item = true, l.Lot.String() }, "bad_job"},
		"material of another": {func(j *Job) { *j = Job{GTIN: j.GTIN, Material: true, Item: l.Lot.String(), To: j.To, Place: j.Place} }, "bad_job"},
		"others' packs":       {func(j *Job) { j.Packs = chain.Range{From: 0, To: 5} }, "not_in_custody"},
		"to itself":           {func(j *Job) { j.To = l.DM.GLN }, "bad_job"},
		"too many":            {func(j *Job) { j.Packs.To = 1 << 40 }, "bad_job"},
		"endless field":       {func(j *Job) { j.Fields = map[string]string{"note": strings.Repeat("x", 201)} }, "bad_transaction"},
	} {
		t.Run(name, func(t *testing.T) {
			j := l.job(50, 60)
			tt.change(&j)
			_, err := r.Register(t.Context(), j)
			code(t, err, tt.want)
		})
	}
	// A device that is another organisation's, or was not admitted.
	_, err := l.registrarOf(t, l.carrier, l.DM, l.pan).Register(t.Context(), l.job(50, 60))
	code(t, err, "wrong_operator")
	_, err = l.registrarOf(t, newDevice(t, l.DM), l.DM, l.pan).Register(t.Context(), l.job(50, 60))
	code(t, err, "instrument_no_key")
	// Attack: the server moves the pack to another place, or the line to another epoch.
	o := l.office(l.DM)
	o.answer = func(v any) any {
		if x, ok := v.([]api.Printed); ok {
			x[0], x[1] = x[1], x[0]
		}
		return v
	}
	_, err = r.Register(t.Context(), l.job(50, 60))
	code(t, err, "bad_job")
	o.answer = func(v any) any {
		if x, ok := v.(api.Lines); ok {
			x.Items[0].Epoch++
		}
		return v
	}
	_, err = r.Register(t.Context(), l.job(50, 60))
	code(t, err, "line_elsewhere")
}

// A registration needs the epoch of now: the registration device is not behind.
func TestRegisterAfterRotation(t *testing.T) {
	l := newLab(t)
	second := newDevice(t, l.DM)
	if _, err := l.change(t, l.maker, Change{Admit: []Card{second.Card}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.registrarOf(t, second, l.DM, l.pan).Register(t.Context(), l.job(50, 55)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.change(t, l.maker, Change{Rotate: true}); err != nil {
		t.Fatal(err)
	}
	for i, d := range []*Device{l.maker, second} {
		got, err := l.registrarOf(t, d, l.DM, l.pan).Register(t.Context(), l.job(60+10*uint64(i), 70+10*uint64(i)))
		if err != nil || got.Registration.Terms.Epoch != 2 || got.Registration.Device != d.Card.Device {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// Left out things cut ranges; the ledger takes 1,024 of them.
func TestTooManyCuts(t *testing.T) {
	p := &plan{job: &Job{}, size: 10_000}
	var things []*Thing
	for i := range uint64(1025) {
		things = append(things, &Thing{Place: 2 * i})
	}
	l := newLab(t)
	p.chain, p.line, p.epoch = ledgertest.ChainID, l.lineID(), 1
	_, err := l.registrar(t).build(t.Context(), p, things)
	if err == nil || !strings.Contains(err.Error(), "in parts") {
		t.Error(err)
	}
}
