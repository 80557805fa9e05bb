package device

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/canon"
	"theriac/client"
	"theriac/genuine"
	"theriac/internal/ledger/ledgertest"
	"theriac/refusal"
)

// A meterAt is a measuring device that listens.
type meterAt struct {
	*Meter
	url string
	log *bytes.Buffer
}

func (l *lab) config(t testing.TB, d *Device, i Instrument) *Meter {
	return &Meter{
		Device: d, Bench: benchOf(t, time.Minute, i), Makers: []*client.Client{l.office(l.Pharmacy).client(t), l.office(l.DM).client(t)},
		Now: time.Now, Rate: 1000,
	}
}

func (l *lab) meterOf(t testing.TB, d *Device, i Instrument) *meterAt {
	t.Helper()
	return l.meter(t, l.config(t, d, i))
}

func (l *lab) meter(t testing.TB, c *Meter) *meterAt {
	t.Helper()
	m := &meterAt{Meter: begun(t, c), log: new(bytes.Buffer)}
	server := httptest.NewServer(m.Handler(slog.New(slog.NewTextHandler(&locked{w: m.log}, nil))))
	t.Cleanup(func() {
		server.Close()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	m.url = server.URL
	return m
}

func begun(t testing.TB, m *Meter) *Meter {
	t.Helper()
	if err := m.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (l *lab) identifier(t testing.TB, of *ledgertest.Org, m *meterAt) *Identification {
	return &Identification{Office: l.office(of).client(t), Meter: must(client.New(m.url, ""))(t), Place: of.GLN}
}

// shipped registers packs for the distributor.
func (l *lab) shipped(t *testing.T, from, to uint64) canon.Digest {
	t.Helper()
	got, err := l.registrar(t).Register(t.Context(), l.job(from, to))
	if err != nil {
		t.Fatal(err)
	}
	return got.Registration.ID
}

// challenge is what the distributor would ask about a pack of a registration.
func (l *lab) challenge(t testing.TB, id canon.Digest, index, place uint64) *genuine.Challenge {
	t.Helper()
	u := must(l.office(l.DD).transaction(id, index, l.codeOf(place)))(t)
	return &genuine.Challenge{Registration: id, Consignee: l.DD.GLN, Place: l.DD.GLN, Nonce: ledgertest.NewID(), Transaction: *u}
}

// entries reads the device's book.
func (m *meterAt) entries(t testing.TB) []entry {
	t.Helper()
	var out []entry
	for line := range bytes.Lines(must(m.Device.folder.read(bookFile))(t)) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, e)
	}
	return out
}

// Paper 001, 3.3 and 4.1.1: the device answers for what is legitimate, at the limits too
// and a millionth beyond not, and says no more than that.
func TestMeterJudges(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	m := l.meterOf(t, l.carrier, l.scale)
	c := must(client.New(m.url, ""))(t)
	kid, err := c.Device(t.Context())
	if err != nil || kid != l.carrier.Card.Device {
		t.Fatal(kid, err)
	}
	for _, tt := range []struct{ value, want string }{
		{"0.5", ""},
		{"0.53", ""},
		{"0.515151", ""},
		{"0.499999", "not_legitimate"},
		{"0.530001", "not_legitimate"},
		{"-0.5", "not_legitimate"},
		{"0", "not_legitimate"},
	} {
		l.scale.put(tt.value)
		sealed := must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t)
		a, err := c.Measure(t.Context(), sealed)
		if refusal.Code(err) != tt.want || (a != nil) != (tt.want == "") {
			t.Errorf("%s: %v, %v", tt.value, a, err)
		}
		if err != nil && err.Error() != genuine.ErrNotLegitimate.Error() {
			t.Errorf("%s: it says %q", tt.value, err)
		}
	}
	book := m.entries(t)
	if len(book) != 7 || book[0].Outcome != "legitimate" || book[3].Outcome != "not_legitimate" || book[0].Registration != id || book[0].Index != 3 {
		t.Errorf("%+v", book)
	}
	raw := string(must(m.Device.folder.read(bookFile))(t)) + m.log.String()
	u := l.challenge(t, id, 3, 53).Transaction
	for _, secret := range []string{"0.53", "530001", "515151", u.Random.String(), u.Item, string(l.Packs[53].Serial)} {
		if strings.Contains(raw, secret) {
			t.Errorf("book or log have %s", secret)
		}
	}
}

// Attack: challenges that are sealed to another device, altered, of a line that nobody
// has, of another chain, or none at all.
func TestMeterRefusesOtherChallenges(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	m := l.meterOf(t, l.carrier, l.scale)
	remote := must(client.New(m.url, ""))(t)
	measure := func(c *genuine.Challenge) error {
		_, err := remote.Measure(t.Context(), must(c.Seal(l.carrier.Card.device()))(t))
		return err
	}
	other := must(l.challenge(t, id, 3, 53).Seal(newDevice(t, l.DD).Card.device()))(t)
	_, err := remote.Measure(t.Context(), other)
	code(t, err, "bad_seal")
	flipped := must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t)
	flipped[len(flipped)-1] ^= 1
	_, err = remote.Measure(t.Context(), flipped)
	code(t, err, "bad_seal")
	for name, tt := range map[string]struct {
		change func(*genuine.Challenge)
		want   string
	}{
		"unknown line":  {func(c *genuine.Challenge) { c.Transaction.Line = canon.Sum([]byte("line")) }, "instrument_no_key"},
		"unknown epoch": {func(c *genuine.Challenge) { c.Transaction.Epoch = 9 }, "instrument_no_key"},
		"another chain": {func(c *genuine.Challenge) { c.Transaction.Chain = "another" }, "instrument_no_key"},
		"no counter":    {func(c *genuine.Challenge) { c.Transaction.Counter = 0 }, "bad_transaction"},
		"no random":     {func(c *genuine.Challenge) { c.Transaction.Random = canon.ID{} }, "bad_transaction"},
	} {
		c := l.challenge(t, id, 3, 53)
		tt.change(c)
		if err := measure(c); refusal.Code(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if l.scale.n != 0 {
		t.Errorf("%d measurements for challenges that are none", l.scale.n)
	}
	// None of them keeps the device from its work.
	if err := measure(l.challenge(t, id, 3, 53)); err != nil {
		t.Error(err)
	}
}

// Attack 001-05 at the device: a challenge is measured for once, also after a restart
// and after a kill -9 that cut its note off.
func TestChallengesAreNotReplayed(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	c := l.challenge(t, id, 3, 53)
	l.scale.put("0.4")
	config := l.config(t, l.carrier, l.scale)
	for i := range 3 {
		m := begun(t, config)
		for k := range 2 {
			_, err := m.Answer(t.Context(), "test", must(c.Seal(l.carrier.Card.device()))(t))
			want := "instrument_replayed"
			if i+k == 0 {
				want = "not_legitimate"
			}
			code(t, err, want)
			l.scale.put("0.51")
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		raw := must(l.carrier.folder.read(noncesFile))(t)
		if err := l.carrier.folder.write(noncesFile, append(raw, 1, 2, 3)); err != nil {
			t.Fatal(err)
		}
		if err := l.carrier.folder.write(bookFile, []byte(`{"time":"cut of`)); err != nil {
			t.Fatal(err)
		}
	}
	if l.scale.n != 1 {
		t.Errorf("%d measurements, want 1", l.scale.n)
	}
	m := begun(t, config)
	defer m.Close()
	_, err := m.Answer(t.Context(), "test", must(c.Seal(l.carrier.Card.device()))(t))
	code(t, err, "instrument_replayed")
	lines := strings.Split(strings.TrimSpace(string(must(l.carrier.folder.read(bookFile))(t))), "\n")
	if len(lines) != 2 || !json.Valid([]byte(lines[1])) {
		t.Errorf("after a crash the book is %q", lines)
	}
}

// The memory of challenges is bounded, the newest stay.
func TestNoncesAreBounded(t *testing.T) {
	d := newDevice(t, newTown(t).DD)
	n := must(openNonces(d.folder, 8))(t)
	var ids []canon.ID
	for i := range 100 {
		ids = append(ids, ledgertest.NewID())
		if err := n.use(ids[i]); err != nil {
			t.Fatal(err)
		}
		if len(n.seen) != len(n.order) || len(n.order) > 16 {
			t.Fatalf("%d and %d are remembered", len(n.seen), len(n.order))
		}
		if i%7 == 0 {
			if err := n.close(); err != nil {
				t.Fatal(err)
			}
			n = must(openNonces(d.folder, 8))(t)
		}
		for _, id := range ids[max(0, i-7):] {
			if err := n.use(id); !errors.Is(err, errReplayed) {
				t.Fatalf("after %d: %v", i, err)
			}
		}
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	if size := len(must(d.folder.read(noncesFile))(t)); size > 16*16 {
		t.Errorf("the file has %d bytes", size)
	}
}

// Attack: two challenges at once. What lies on the instrument is measured for one; the
// other is refused, unless things are told to wait, and then no more than so many.
func TestOneChallengeAtATime(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	for _, waiting := range []int{0, 2} {
		l.scale.hold, l.scale.begun = make(chan struct{}), make(chan struct{}, 16)
		config := l.config(t, l.carrier, l.scale)
		config.Waiting = waiting
		m := begun(t, config)
		before := l.scale.n
		answers := make(chan error, 8)
		ask := func() {
			sealed := must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t)
			go func() {
				_, err := m.Answer(t.Context(), "test", sealed)
				answers <- err
			}()
		}
		ask()
		<-l.scale.begun
		for range 5 {
			ask()
		}
		for range 5 - waiting {
			code(t, <-answers, "instrument_busy")
		}
		close(l.scale.hold)
		for range 1 + waiting {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		if got := l.scale.n - before; got != 1+waiting {
			t.Errorf("%d measurements, want %d", got, 1+waiting)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Who asked and has gone gets no answer, and the instrument is free for the next.
func TestCallerGoesAway(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	m := l.meterOf(t, l.carrier, l.scale)
	l.scale.hold, l.scale.begun = make(chan struct{}), make(chan struct{}, 16)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	sealed := must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t)
	go func() {
		_, err := m.Answer(ctx, "test", sealed)
		ended <- err
	}()
	<-l.scale.begun
	cancel()
	code(t, <-ended, "instrument_late")
	l.scale.hold = nil
	if _, err := m.Answer(t.Context(), "test", must(l.challenge(t, id, 4, 54).Seal(l.carrier.Card.device()))(t)); err != nil {
		t.Error(err)
	}
}

// A device learns of a new epoch when it is asked about it, once.
func TestMeterFetchesKeys(t *testing.T) {
	l := newLab(t)
	m := l.meterOf(t, l.carrier, l.scale)
	asked := 0
	l.office(l.DM).before = func(r *http.Request) error {
		if strings.Contains(r.URL.Path, "/keys/") {
			asked++
		}
		return nil
	}
	old := l.shipped(t, 50, 60)
	if _, err := l.change(t, l.maker, Change{Rotate: true}); err != nil {
		t.Fatal(err)
	}
	fresh := l.shipped(t, 60, 70)
	for i, c := range []*genuine.Challenge{l.challenge(t, fresh, 0, 60), l.challenge(t, old, 0, 50), l.challenge(t, fresh, 1, 61)} {
		if _, err := m.Answer(t.Context(), "test", must(c.Seal(l.carrier.Card.device()))(t)); err != nil {
			t.Errorf("challenge %d: %v", i, err)
		}
	}
	if asked != 1 {
		t.Errorf("the maker was asked %d times", asked)
	}
	// The maker's server is gone: what is known is measured all the same.
	l.office(l.DM).before = refusing("GET", errors.New("down"))
	again := l.config(t, l.carrier, l.scale)
	if err := m.nonces.close(); err != nil {
		t.Fatal(err)
	}
	n := begun(t, again)
	m.nonces = n.nonces
	if _, err := n.Answer(t.Context(), "test", must(l.challenge(t, fresh, 2, 62).Seal(l.carrier.Card.device()))(t)); err != nil {
		t.Error(err)
	}
	if err := n.book.Close(); err != nil {
		t.Error(err)
	}
}
