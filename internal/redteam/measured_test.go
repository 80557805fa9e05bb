package redteam

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/device"
	paper "theriac/internal/paper/genuine"
	"theriac/internal/simulate"
	"theriac/merkle"
	"theriac/refusal"
)

// Attack 001-01: a counterfeit in the carton of a registered pack. The device yields no
// key, at the door and asked by whom ever.
func TestAttack001_01(t *testing.T) {
	t.Parallel()
	l := measured(t, stage(t))
	for _, weight := range []genuine.Quantity{fake, 0, heaviest + 10_000, 2 * usual} {
		l.weighs(t, weight)
		l.sees(t, "a pack of "+weight.String()+" g", "not_legitimate", l.meter.address, 0)
		if a, err := l.asks(t, l.meter, l.challenge(t, 0)); refusal.Code(err) != "not_legitimate" {
			t.Errorf("a pack of %s g: %+v, %v", weight, a, err)
		}
	}
	// It says no more than that, and books it.
	book := l.book(t)
	if n := len(book); n != 8 || book[n-1].Outcome != "not_legitimate" || book[n-1].Registration != l.registration.ID {
		t.Errorf("the device's book: %+v", book)
	}
	// The registration device makes no mark of one.
	if err := l.registrar.scale.Put(grams(fake)); err != nil {
		t.Fatal(err)
	}
	before := l.w.leaves(t)
	job := device.Job{GTIN: l.product, Batch: string(l.lot), Packs: chain.Range{To: 2}, To: l.w.dd.GLN, Place: l.w.dd.GLN}
	if got, err := l.registrar.at(l.w.dm).Register(t.Context(), job); refusal.Code(err) != "not_legitimate" || l.w.leaves(t) != before {
		t.Errorf("registering a counterfeit: %+v, %v", got, err)
	}
	l.weighs(t, usual)
	l.identified(t, l.honest(t, 0))

	s := newShop()
	u := s.shipped()
	if err := s.delivered(water, u); !errors.Is(err, paper.ErrMismatch) {
		t.Errorf("the print resists this: %v", err)
	}
	// What it does not: a counterfeit is registered as well as any other.
	u.Random = rand.Text()
	s.supplier.Register(water, u)
	passes(t, "a counterfeit at both ends", s.delivered(water, u))
}

// honest is what an honest device answers about what lies on it.
func (l *lab) honest(t testing.TB, index uint64) api.Identifying {
	t.Helper()
	c := l.challenge(t, index)
	return identifying(c, l.answers(t, c))
}

// A measurement is a line of the measuring device's book.
type measurement struct {
	From         string       `json:"from"`
	Registration canon.Digest `json:"registration"`
	Index        uint64       `json:"index"`
	Consignee    string       `json:"consignee"`
	Place        string       `json:"place"`
	Outcome      string       `json:"outcome"`
}

func (l *lab) book(t testing.TB) (out []measurement) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(l.carrier, "measurements.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var m measurement
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// A liar is a forged measuring device: it says that it is the carrier's, and answers
// what the attacker makes.
type liar struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(sealed []byte) (*genuine.Answer, error)
}

func newLiar(t *testing.T, id canon.Digest) *liar {
	t.Helper()
	x := &liar{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(api.Device{ID: id}) })
	mux.HandleFunc("POST /v1/measure", func(w http.ResponseWriter, r *http.Request) {
		var in api.Challenge
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(raw, &in)
		}
		var a *genuine.Answer
		if err == nil {
			x.mu.Lock()
			defer x.mu.Unlock()
			a, err = x.answer(in.Challenge)
		}
		if err != nil {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(unprocessable)
			_ = json.NewEncoder(w).Encode(api.Problem{Code: refusal.Code(err), Status: unprocessable})
			return
		}
		_ = json.NewEncoder(w).Encode(a)
	})
	x.Server = httptest.NewServer(mux)
	t.Cleanup(x.Close)
	return x
}

func (x *liar) says(answer func(sealed []byte) (*genuine.Answer, error)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = answer
}

// Attack 001-02: a forged measuring device answers what was stored, a constant, at
// random, or for another transaction; with the honest one's name, and its own.
func TestAttack001_02(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l, r := measured(t, w), w.rogue(t)
	kid, err := l.meter.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := l.honest(t, 1)
	other := stranger(t, w.ms)
	forged := newLiar(t, kid)
	for what, x := range map[string]struct {
		code   string
		answer genuine.Answer
	}{
		"stored of another pack": {"bad_proof", stored.Answer},
		"stored of this pack":    {"bad_proof", l.honest(t, 0).Answer},
		"constant":               {"bad_proof", genuine.Answer{Key: make([]byte, 32), Proof: make([]byte, 64), Device: kid, Signature: make([]byte, 64)}},
		"random":                 {"bad_proof", genuine.Answer{Key: randomBytes(32), Proof: randomBytes(64), Device: kid, Signature: randomBytes(64)}},
		"empty":                  {"bad_proof", genuine.Answer{Device: kid}},
		"key of one, proof of another": {"bad_proof", func() genuine.Answer {
			a := stored.Answer
			a.Key = l.honest(t, 0).Answer.Key
			return a
		}()},
	} {
		forged.says(func([]byte) (*genuine.Answer, error) { return &x.answer, nil })
		l.sees(t, what, x.code, forged.URL, 0)
		l.unproven(t, r, what, x.code, w.dd, identifying(l.challenge(t, 0), &x.answer))
	}
	// A device that was not admitted, by its own name and with the right key: it does not
	// even get the challenge.
	own := newLiar(t, other.id)
	own.says(func([]byte) (*genuine.Answer, error) {
		t.Error("the challenge was sealed to a stranger")
		return nil, io.EOF
	})
	l.sees(t, "a device of nobody's", "unknown_device", own.URL, 0)
	c := l.challenge(t, 0)
	a := l.opened(t, l.carrier).invents(t, c)
	a = other.signs(t, c, *a)
	l.unproven(t, r, "the right key by another device", "unknown_device", w.dd, identifying(c, a))
	a.Device = kid
	l.unproven(t, r, "the right key, not signed by its device", "unknown_device", w.dd, identifying(c, a))
	l.identified(t, l.honest(t, 0))

	s := newShop()
	u := s.shipped()
	passes(t, "the forged device asks an honest one, with a retained sample", s.user.Identify(u.ID, s.deliverer.Verify(syrup, u.ID, u.Value())))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// Attack 001-03: whoever has U enters another: an XOR by what is known, and every other
// field changed. With a counterfeit there is no key at all, with a good thing another.
func TestAttack001_03(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l, r := measured(t, w), w.rogue(t)
	x := l.opened(t, l.carrier)
	shifts := map[string]func(u *genuine.Transaction){
		"U ⊕ J":    func(u *genuine.Transaction) { u.Random = xor(u.Random, canon.ID(x.key.J)) },
		"U ⊕ 1":    func(u *genuine.Transaction) { u.Random[15] ^= 1 },
		"U ⊕ 11…1": func(u *genuine.Transaction) { u.Random = xor(u.Random, canon.ID(bytes.Repeat([]byte{255}, 16))) },
		"U ⊕ H(bad)": func(u *genuine.Transaction) {
			d := sha256.Sum256([]byte("not legitimate"))
			u.Random = xor(u.Random, canon.ID(d[:16]))
		},
		"U ⊕ salt":      func(u *genuine.Transaction) { u.Random = xor(u.Random, x.key.Salt) },
		"U ⊕ anything":  func(u *genuine.Transaction) { u.Random = xor(u.Random, newID()) },
		"counter":       func(u *genuine.Transaction) { u.Counter++ },
		"item":          func(u *genuine.Transaction) { u.Item += "0" },
		"sender":        func(u *genuine.Transaction) { u.From = w.hospital.GLN },
		"consignee":     func(u *genuine.Transaction) { u.To = w.hospital.GLN },
		"place":         func(u *genuine.Transaction) { u.Place = w.hospital.GLN },
		"index":         func(u *genuine.Transaction) { u.Index++ },
		"temperature":   func(u *genuine.Transaction) { u.Fields = maps.Clone(u.Fields); u.Fields["temperature"] = "22 Cel" },
		"another field": func(u *genuine.Transaction) { u.Fields = maps.Clone(u.Fields); u.Fields["humidity"] = "40 %" },
	}
	for what, shift := range shifts {
		c := l.challenge(t, 0)
		shift(&c.Transaction)
		l.weighs(t, fake)
		if a, err := l.asks(t, l.meter, c); refusal.Code(err) != "not_legitimate" {
			t.Errorf("%s, counterfeit: %+v, %v", what, a, err)
		}
		l.weighs(t, usual)
		c.Nonce = newID()
		i := identifying(c, l.answers(t, c))
		i.Index = 0
		l.unproven(t, r, what, "bad_proof", w.dd, i)
	}
	l.identified(t, l.honest(t, 0))

	s := newShop()
	u := s.shipped()
	passes(t, "counterfeit, U ⊕ J_ok ⊕ J_bad", s.user.Identify(u.ID, s.deliverer.Verify(water, u.ID, paper.Shift(u.Value(), s.deliverer.J))))
}

func xor(a, b canon.ID) canon.ID {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// Attack 001-12: the thing at the door is a fake; what stands there for a measuring
// device passes the challenge on to the honest one, elsewhere, with a good thing on it.
// That is the residual: it passes. This holds what it leaves behind.
func TestAttack001_12(t *testing.T) {
	t.Parallel()
	l := measured(t, stage(t))
	kid, err := l.meter.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	relay := newLiar(t, kid)
	relay.says(func(sealed []byte) (*genuine.Answer, error) { return l.meter.Measure(t.Context(), sealed) })
	done, err := l.door(t, relay.URL).Identify(t.Context(), l.code(t, 0), canon.Digest{}, 0)
	if err != nil {
		t.Fatalf("residual: a relayed challenge is answered, and anybody may verify it: %v", err)
	}
	// The ledger has when, and by which device, whose operator the line's record names.
	m := l.mark(t, 0)
	d, err := one(l.line.Devices, func(d api.LineDevice) bool { return d.ID == m.Device })
	if err != nil || d.Operator != l.w.ms.GLN || m.Device != kid || m.Verified != done.Done.Time {
		t.Errorf("the ledger shows mark %+v of a device of %+v, %v", m, d, err)
	}
	// And the device, that it was asked, for whom, for where.
	book := l.book(t)
	want := measurement{book[0].From, l.registration.ID, 0, l.w.dd.GLN, l.w.dd.GLN, "legitimate"}
	if len(book) != 1 || book[0] != want || book[0].From == "" {
		t.Errorf("the device's book: %+v, want %+v", book, want)
	}
	// One sample passes for one mark each time it is asked, never for one mark twice; and
	// only while somebody lays it there.
	l.weighs(t, fake)
	l.sees(t, "relayed, the sample is gone", "not_legitimate", relay.URL, 1)

	s := newShop()
	u := s.shipped()
	passes(t, "a retained sample", s.delivered(syrup, u))
}

// Attack 001-13: at the limit and a millionth beyond, and things at the limit measured
// again and again by a balance that trembles: there is a key exactly if what was read
// is in range, and it is always the registered one.
func TestAttack001_13(t *testing.T) {
	t.Parallel()
	w := stage(t)
	l := measured(t, w)
	exact, fine := l.another(t, simulate.BalanceSettings{Readability: 1, Settle: 1, Seed: 3})
	for weight, good := range map[genuine.Quantity]bool{
		lightest - 1: false, lightest: true, lightest + 1: true, heaviest - 1: true, heaviest: true, heaviest + 1: false,
	} {
		if err := fine.Put(grams(weight)); err != nil {
			t.Fatal(err)
		}
		l.keyed(t, exact, weight, good)
	}
	const repeats = 150
	shown := make(chan string, 1)
	trembling, coarse := l.another(t, simulate.BalanceSettings{
		Noise: 0.0002, Readability: 100, Settle: 1, Seed: 4, Shown: func(text string) { shown <- text },
	})
	in, out := 0, 0
	for _, limit := range []genuine.Quantity{lightest, heaviest} {
		if err := coarse.Put(grams(limit)); err != nil {
			t.Fatal(err)
		}
		for range repeats {
			if l.keyedAsShown(t, trembling, shown) {
				in++
			} else {
				out++
			}
		}
	}
	if in < repeats/4 || out < repeats/4 {
		t.Errorf("%d in range, %d out: that was not at the limit", in, out)
	}

	// The print takes both ends too; that is no attack on it.
	s := newShop()
	passes(t, "at the limit", s.delivered(paper.Signal{12.8, 1.450}, s.shipped()))
}

// keyed has a pack measured. There is the registered key, or none.
func (l *lab) keyed(t *testing.T, at *meter, weight genuine.Quantity, good bool) {
	t.Helper()
	c := l.challenge(t, 0)
	a, err := l.asks(t, at, c)
	switch {
	case !good && refusal.Code(err) != "not_legitimate":
		t.Errorf("%s g: %+v, %v, want not_legitimate", weight, a, err)
	case good && err != nil:
		t.Errorf("%s g: %v, want a key", weight, err)
	case good && chain.MarkLeaf(chain.Verification(a.Key)) != merkle.Hash(l.mark(t, 0).Leaf):
		t.Errorf("%s g: a key that was not registered", weight)
	}
}

// keyedAsShown holds a device to what its balance showed.
func (l *lab) keyedAsShown(t *testing.T, at *meter, shown <-chan string) bool {
	t.Helper()
	type came struct {
		answer *genuine.Answer
		err    error
	}
	c, done := l.challenge(t, 0), make(chan came, 1)
	go func() {
		a, err := l.asks(t, at, c)
		done <- came{a, err}
	}()
	text := <-shown
	got := <-done
	weight, err := genuine.ParseQuantity(strings.TrimSpace(strings.TrimSuffix(text, "g")))
	if err != nil {
		t.Fatalf("the balance showed %q: %v", text, err)
	}
	good := lightest <= weight && weight <= heaviest
	switch {
	case !good && refusal.Code(got.err) != "not_legitimate", good && got.err != nil:
		t.Errorf("shown %s g: %v", weight, got.err)
	case good && chain.MarkLeaf(chain.Verification(got.answer.Key)) != merkle.Hash(l.mark(t, 0).Leaf):
		t.Errorf("shown %s g: a key that was not registered", weight)
	}
	return good
}
