package device

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/refusal"
)

// Paper 001, 3.4: the mark is verified once; the second time the maker is alerted.
func TestIdentify(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	x := l.identifier(t, l.DD, l.meterOf(t, l.carrier, l.scale))
	got, err := x.Identify(t.Context(), l.codeOf(53), canon.Digest{}, 0)
	if err != nil || got.Registration != id || got.Index != 3 || got.Device != l.carrier.Card.Device || got.From != l.DM.GLN {
		t.Fatalf("%+v, %v", got, err)
	}
	var m chain.Mark
	l.Read(chain.MarkKey(id, 3), &m)
	_, err = x.Identify(t.Context(), l.codeOf(53), id, 3)
	code(t, err, "already_verified")
	// 001-01: a counterfeit out of range. The mark stays open for the real thing.
	l.scale.put("0.4")
	_, err = x.Identify(t.Context(), l.codeOf(54), canon.Digest{}, 0)
	code(t, err, "not_legitimate")
	l.scale.put("0.51")
	if _, err := x.Identify(t.Context(), l.codeOf(54), canon.Digest{}, 0); err != nil {
		t.Error(err)
	}
	// 001-14: another place than the one it was sent to.
	x.Place = l.Pharmacy.GLN
	_, err = x.Identify(t.Context(), l.codeOf(55), canon.Digest{}, 0)
	code(t, err, "wrong_place")
	x.Place = l.DD.GLN
	_, err = x.Identify(t.Context(), l.codeOf(80), canon.Digest{}, 0)
	code(t, err, "unknown_registration")
	// Another pack's mark.
	_, err = x.Identify(t.Context(), l.codeOf(56), id, 3)
	code(t, err, "bad_proof")
	x.Place = "here"
	if _, err := x.Identify(t.Context(), l.codeOf(56), canon.Digest{}, 0); err == nil {
		t.Error("a place that is no GLN")
	}
}

// An answer of the ledger that is lost is asked for again under the same name: one mark,
// no alert.
func TestLostIdentification(t *testing.T) {
	l := newLab(t)
	l.shipped(t, 50, 60)
	x := l.identifier(t, l.DD, l.meterOf(t, l.carrier, l.scale))
	leaves := len(l.State.Leaves)
	l.office(l.DD).lose["POST /v1/identifications"] = 1
	if _, err := x.Identify(t.Context(), l.codeOf(53), canon.Digest{}, 0); err != nil {
		t.Fatal(err)
	}
	if got := len(l.State.Leaves) - leaves; got != 1 {
		t.Errorf("%d leaves, want 1", got)
	}
	l.office(l.DD).lose["POST /v1/identifications"] = tries
	if _, err := x.Identify(t.Context(), l.codeOf(54), canon.Digest{}, 0); err == nil || refusal.Code(err) != "" {
		t.Error(err)
	}
}

// impostor answers as a measuring device would, with what the test makes of it.
func impostor(t *testing.T, kid canon.Digest, answer func(challenge []byte) (any, error)) *client.Client {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, _ *http.Request) { respond(w, api.Device{ID: kid}, nil) })
	mux.HandleFunc("POST /v1/measure", func(w http.ResponseWriter, r *http.Request) {
		var in api.Challenge
		raw, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &in); err != nil {
			t.Error(err)
		}
		v, err := answer(in.Challenge)
		respond(w, v, err)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return must(client.New(s.URL, ""))(t)
}

// Attack 001-02: a forged verification device: it is in no record; claims to be one that
// is; answers with what it kept, with another transaction's answer, with junk, or in the
// name of the ledger.
func TestForgedMeter(t *testing.T) {
	l := newLab(t)
	l.shipped(t, 50, 60)
	x := l.identifier(t, l.DD, l.meterOf(t, l.carrier, l.scale))
	real := x.Meter
	forged := newDevice(t, l.DD)
	posted := 0
	l.office(l.DD).before = func(r *http.Request) error {
		if r.Method == http.MethodPost {
			posted++
		}
		return nil
	}
	var kept *genuine.Answer
	x.Meter = impostor(t, l.carrier.Card.Device, func(challenge []byte) (any, error) {
		a, err := real.Measure(context.Background(), challenge)
		kept = a
		return a, err
	})
	if _, err := x.Identify(t.Context(), l.codeOf(50), canon.Digest{}, 0); err != nil {
		t.Fatal(err) // who only carries challenge and answer gains nothing
	}
	random := genuine.Answer{Key: make([]byte, 32), Proof: make([]byte, 64), Device: l.carrier.Card.Device, Signature: make([]byte, 64)}
	for name, tt := range map[string]struct {
		kid    canon.Digest
		answer func([]byte) (any, error)
		want   string
	}{
		"not of the line":      {forged.Card.Device, func([]byte) (any, error) { return kept, nil }, "unknown_device"},
		"kept answer":          {l.carrier.Card.Device, func([]byte) (any, error) { return kept, nil }, "bad_proof"},
		"random":               {l.carrier.Card.Device, func([]byte) (any, error) { return random, nil }, "bad_proof"},
		"nothing":              {l.carrier.Card.Device, func([]byte) (any, error) { return map[string]int{}, nil }, "bad_proof"},
		"in the ledger's name": {l.carrier.Card.Device, func([]byte) (any, error) { return nil, refusal.New("already_verified", "no") }, "device_unreachable"},
		"another's signature": {l.carrier.Card.Device, func(challenge []byte) (any, error) {
			a, err := real.Measure(context.Background(), challenge)
			if err == nil {
				a.Device = l.maker.Card.Device
			}
			return a, err
		}, "unknown_device"},
	} {
		t.Run(name, func(t *testing.T) {
			before := posted
			x.Meter = impostor(t, tt.kid, tt.answer)
			_, err := x.Identify(t.Context(), l.codeOf(51), canon.Digest{}, 0)
			code(t, err, tt.want)
			if posted != before {
				t.Error("the ledger was asked")
			}
		})
	}
	x.Meter = must(client.New("http://127.0.0.1:1", ""))(t)
	_, err := x.Identify(t.Context(), l.codeOf(51), canon.Digest{}, 0)
	code(t, err, "device_unreachable")
}

// A device of another product line that the same organisation has answers for its own
// line only.
func TestMeterOfAnotherLine(t *testing.T) {
	l := newLab(t)
	l.shipped(t, 50, 60)
	other := newDevice(t, l.DD)
	maker := newDevice(t, l.MS)
	if _, err := maker.ChangeLine(t.Context(), l.office(l.MS).client(t), Change{GTIN: l.Lot.GTIN, Criteria: pills(), Admit: []Card{other.Card}}); err != nil {
		t.Fatal(err)
	}
	x := l.identifier(t, l.DD, l.meterOf(t, other, l.scale))
	_, err := x.Identify(t.Context(), l.codeOf(50), canon.Digest{}, 0)
	code(t, err, "unknown_device")
	if l.scale.n != 0 {
		t.Error("it measured")
	}
}

// Attack: the consignee's own server gives transaction information that is not of the
// thing in hand, or a line of its own.
func TestServerMixesThings(t *testing.T) {
	l := newLab(t)
	l.shipped(t, 50, 60)
	x := l.identifier(t, l.DD, l.meterOf(t, l.carrier, l.scale))
	o := l.office(l.DD)
	for name, tt := range map[string]struct {
		change func(v any)
		want   string
	}{
		"item":    {func(v any) { onto(v, func(u *genuine.Transaction) { u.Item = "0109521141200018" + "21X" }) }, "another_thing"},
		"counter": {func(v any) { onto(v, func(u *genuine.Transaction) { u.Counter++ }) }, "bad_transaction"},
		"chain":   {func(v any) { onto(v, func(u *genuine.Transaction) { u.Chain = "another" }) }, "bad_transaction"},
		"random":  {func(v any) { onto(v, func(u *genuine.Transaction) { u.Random[0] ^= 1 }) }, "bad_proof"},
		"line":    {func(v any) { onto(v, func(l *api.Line) { l.Maker = "4000000000006" }) }, "instrument_no_key"},
	} {
		o.answer = func(v any) any { tt.change(v); return v }
		_, err := x.Identify(t.Context(), l.codeOf(50), canon.Digest{}, 0)
		if refusal.Code(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func onto[T any](v any, change func(*T)) {
	if x, ok := v.(*T); ok {
		change(x)
	}
}
