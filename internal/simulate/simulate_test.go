package simulate

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/genuine"
)

func sample(t testing.TB, values ...string) Sample {
	t.Helper()
	s, err := ParseSample(values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A user sits at a line of a balance and types commands.
type user struct {
	t    testing.TB
	line net.Conn
	said *bufio.Scanner
}

func sit(t testing.TB, b *Balance) *user {
	t.Helper()
	here, there := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, there) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		here.Close()
	})
	return &user{t, here, bufio.NewScanner(here)}
}

func (u *user) send(command string) {
	u.t.Helper()
	if _, err := io.WriteString(u.line, command); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) hears() string {
	u.t.Helper()
	if !u.said.Scan() {
		u.t.Fatalf("nothing is said: %v", u.said.Err())
	}
	return u.said.Text()
}

func (u *user) asks(command string) string {
	u.t.Helper()
	u.send(command + "\r\n")
	return u.hears()
}

func balance(t testing.TB, settings BalanceSettings, on string) *Balance {
	t.Helper()
	b, err := NewBalance(settings, sample(t, on))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of the manual: what the balance says, and how its display settles.
func TestBalanceSpeaksSICS(t *testing.T) {
	b := balance(t, BalanceSettings{Capacity: 220e6, Readability: 100, Settle: 4, Seed: 7}, "mass=100g")
	u := sit(t, b)
	expect := func(command, want string) {
		t.Helper()
		if got := u.asks(command); got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	expect("@", `I4 A "SIMULATED-7"`)
	if got := u.asks("SI"); !strings.HasPrefix(got, "S D ") || len(got) != len("S S   100.0000 g") {
		t.Errorf("on its way: %q", got)
	}
	expect("S", "S S   100.0000 g")
	expect("SI", "S S   100.0000 g")
	expect("T", "T S   100.0000 g")
	expect("S", "S S     0.0000 g")
	put := func(s string) {
		t.Helper()
		if err := b.Put(sample(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	put("mass=99.5g")
	expect("S", "S S    -0.5000 g")
	expect("@", `I4 A "SIMULATED-7"`) // forgets neither tare nor zero
	expect("S", "S S    -0.5000 g")
	expect("Z", "Z A")
	expect("S", "S S     0.0000 g")
	put("mass=221g")
	expect("S", "S +")
	expect("SI", "S +")
	put("mass=-5g")
	expect("S", "S -")
	expect("X", "ES")
	expect("s", "ES")
	expect("", "ES")
	expect(strings.Repeat("S", maxCommand-2), "ES")
	u.send("S\n")
	if got := u.hears(); got != "ES" {
		t.Errorf("S without CR: %q", got)
	}
	expect("I4", `I4 A "SIMULATED-7"`)
}

// A reset forgets a command that waits: only the reset is answered.
func TestResetCancelsWhatWaits(t *testing.T) {
	b := balance(t, BalanceSettings{Capacity: 220e6, Readability: 100, Settle: 10, Every: time.Hour}, "mass=1g")
	u := sit(t, b)
	u.send("S\r\n")
	if got := u.asks("@"); !strings.HasPrefix(got, "I4 A") {
		t.Errorf("%q", got)
	}
	if got := u.asks("I4"); !strings.HasPrefix(got, "I4 A") {
		t.Errorf("%q: the first command was not forgotten", got)
	}
}

func TestBalanceThatNeverSettles(t *testing.T) {
	b := balance(t, BalanceSettings{Capacity: 220e6, Readability: 100, Settle: 10 * tries}, "mass=1g")
	u := sit(t, b)
	for _, command := range []string{"S", "T", "Z"} {
		if got := u.asks(command); got != command+" I" {
			t.Errorf("%s: %q", command, got)
		}
	}
}

// The same seed and questions give the same answers; another seed others. Their mean
// is the sample, their spread the noise, and drift moves them.
func TestNoiseIsAsItWasSet(t *testing.T) {
	const n = 4000
	read := func(s BalanceSettings) (values []float64, all string) {
		u := sit(t, balance(t, s, "mass=50g"))
		for range n {
			said := u.asks("S")
			var v float64
			if _, err := fmt.Sscanf(said, "S S %f g", &v); err != nil {
				t.Fatalf("%q: %v", said, err)
			}
			values, all = append(values, v), all+said
		}
		return values, all
	}
	s := BalanceSettings{Capacity: 220e6, Readability: 10, Noise: 0.01, Seed: 3}
	values, first := read(s)
	if _, again := read(s); again != first {
		t.Error("the same seed gives other answers")
	}
	s.Seed = 4
	if _, other := read(s); other == first {
		t.Error("another seed gives the same answers")
	}
	mean, spread := moments(values)
	if math.Abs(mean-50) > 5*0.01/math.Sqrt(n) || math.Abs(spread-0.01) > 5*0.01/math.Sqrt(2*n) {
		t.Errorf("mean %v, standard deviation %v; want 50, 0.01", mean, spread)
	}
	s.Drift = 0.001
	values, _ = read(s)
	if first, _ := moments(values[:100]); math.Abs(values[n-1]-first-0.001*(n-50)) > 0.06 {
		t.Errorf("from %v to %v in %d updates: want a drift of 0.001 each", first, values[n-1], n)
	}
}

func moments(values []float64) (mean, spread float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		spread += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(spread)
}

func TestSettingsThatNoBalanceHas(t *testing.T) {
	good := BalanceSettings{Capacity: 220e6, Readability: 100}
	if _, err := NewBalance(good, sample(t, "mass=1g")); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*BalanceSettings){
		"capacity":    func(s *BalanceSettings) { s.Capacity = 1e15 },
		"no capacity": func(s *BalanceSettings) { s.Capacity = 0 },
		"readability": func(s *BalanceSettings) { s.Readability = 0 },
		"noise":       func(s *BalanceSettings) { s.Noise = -1 },
		"NaN":         func(s *BalanceSettings) { s.Noise = math.NaN() },
		"drift":       func(s *BalanceSettings) { s.Drift = math.Inf(1) },
		"settling":    func(s *BalanceSettings) { s.Settle = -1 },
		"too wide":    func(s *BalanceSettings) { s.Capacity, s.Readability = 99_999e6, 1 },
	} {
		s := good
		change(&s)
		if _, err := NewBalance(s, sample(t, "mass=1g")); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, on := range []Sample{nil, sample(t, "nir_distance=1"), sample(t, "mass=1g", "carat=1[car_m]")} {
		if _, err := NewBalance(good, on); err == nil {
			t.Errorf("a balance weighs %v", on)
		}
	}
	b := balance(t, good, "mass=1g")
	for _, on := range []Sample{nil, sample(t, "mass=1kg"), sample(t, "carat=1g")} {
		if err := b.Put(on); err == nil {
			t.Errorf("a balance for mass in g weighs %v", on)
		}
	}
}

func TestParseSample(t *testing.T) {
	got := sample(t, "refractive_index=1.52", "mass=-0.5123g", "carat=0.7[car_m]", "nir_distance=0.03um-1")
	want := Sample{
		{Feature: "carat", Unit: "[car_m]", Value: 700_000},
		{Feature: "mass", Unit: "g", Value: -512_300},
		{Feature: "nir_distance", Unit: "um-1", Value: 30_000},
		{Feature: "refractive_index", Unit: "1", Value: 1_520_000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range [][]string{nil, {""}, {"mass"}, {"mass=g"}, {"mass="}, {"=1g"}, {"mass=1.0000001g"}, {"mass=1 g"}, {"Mass=1g"}, {"mass=1g", "mass=2g"}, {"mass=+1g"}} {
		if got, err := ParseSample(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

func TestSpectrometerAnswers(t *testing.T) {
	settings := SpectrometerSettings{Readability: 100, Noise: map[string]float64{"nir_distance": 0.01}, Settle: 2, Seed: 9}
	fresh := func() *Spectrometer {
		s, err := NewSpectrometer(settings, sample(t, "refractive_index=1.5233", "nir_distance=0.0341"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := fresh()
	ask := func(s *Spectrometer, id string) (out []answered) {
		t.Helper()
		raw, err := s.answer([]byte(`{"id":"` + id + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range raw {
			var a answered
			if err := json.Unmarshal(r, &a); err != nil {
				t.Fatal(err)
			}
			out = append(out, a)
		}
		return out
	}
	one, two := strings.Repeat("01", 16), strings.Repeat("02", 16)
	first := ask(s, one)
	if len(first) != 3 || first[0].Stable || first[1].Stable || !first[2].Stable || first[2].ID != one {
		t.Fatalf("%+v, want two that have not settled, and one that has", first)
	}
	if v := first[2].Readings[1].Value; v != 1_523_300 {
		t.Errorf("without noise: %s", v)
	}
	if again := ask(s, one); len(again) != 1 || !cmp.Equal(again[0], first[2]) {
		t.Errorf("asked again: %+v, want the same", again)
	}
	if other := ask(s, two); cmp.Equal(other[2].Readings, first[2].Readings) {
		t.Error("another measurement gives the same")
	}
	if same := ask(fresh(), one); !cmp.Equal(same, first) {
		t.Error("the same seed gives other answers")
	}
	if err := s.Put(sample(t, "refractive_index=1.6", "nir_distance=0.5")); err != nil {
		t.Fatal(err)
	}
	if v := ask(s, one)[2].Readings[1].Value; v != genuine.Quantity(1_600_000) {
		t.Errorf("another sample: %s", v)
	}
	if err := s.Put(sample(t, "refractive_index=1.6")); err == nil {
		t.Error("a sample without one of the features is taken")
	}
	for _, q := range []string{"", "{}", `{"id":""}`, `{"id":"` + one + `00"}`, `{"id":"` + strings.Repeat("zz", 16) + `"}`, `{"id":"` + one + `","x":1}`, strings.Repeat(" ", 200)} {
		if out, err := s.answer([]byte(q)); out != nil || err != nil {
			t.Errorf("%q is answered: %q, %v", q, out, err)
		}
	}
}

func TestSpectrometerSettings(t *testing.T) {
	for _, s := range []SpectrometerSettings{{}, {Readability: 1, Settle: -1}, {Readability: 1, Noise: map[string]float64{"a": -1}}, {Readability: 1, Noise: map[string]float64{"a": math.NaN()}}, {Readability: 1, Noise: map[string]float64{"b": 1}}} {
		if _, err := NewSpectrometer(s, sample(t, "a=1")); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	s, err := NewSpectrometer(SpectrometerSettings{Readability: 1}, sample(t, "a=1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, broker := range []string{"", "http://127.0.0.1:1/x", "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1/x"} {
		if err := s.Serve(t.Context(), broker, func() {}); err == nil {
			t.Errorf("serves at %q", broker)
		}
	}
}
