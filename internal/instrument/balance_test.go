package instrument

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/genuine"
	"theriac/internal/simulate"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// settings are those of an analytical balance.
func settings(seed uint64) simulate.BalanceSettings {
	return simulate.BalanceSettings{Capacity: 220e6, Readability: 100, Noise: 0.0004, Drift: 1e-7, Settle: 5, Seed: seed}
}

func sample(t testing.TB, values ...string) simulate.Sample {
	t.Helper()
	return must(simulate.ParseSample(values))(t)
}

// within returns a context that ends before the test binary loses patience.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// onTerminal serves a balance at a pseudo-terminal and returns its spec.
func onTerminal(t testing.TB, b *simulate.Balance) Spec {
	t.Helper()
	port := must(simulate.OpenTerminal())(t)
	serve(t, func(ctx context.Context) error { return b.Serve(ctx, port) })
	return Spec("serial://" + port.Name() + "?baud=19200&parity=even&bits=7")
}

// onTCP serves a balance as a serial server would and returns its spec.
func onTCP(t testing.TB, b *simulate.Balance) Spec {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	serve(t, func(ctx context.Context) error { return b.ServeTCP(ctx, l) })
	return Spec("tcp://" + l.Addr().String() + "?protocol=sics&feature=mass")
}

// serve runs something until the test ends, and expects that it ends well.
func serve(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("simulated instrument: %v", err)
		}
	})
}

func open(t testing.TB, spec Spec) *Instrument {
	t.Helper()
	i, err := Open(within(t, 20*time.Second), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return i
}

// What is read is what was displayed, to the last digit: ten thousand times, over a
// serial port and over TCP, with all that a balance does meanwhile.
func TestReadingIsWhatWasDisplayed(t *testing.T) {
	for _, tt := range []struct {
		name string
		on   func(testing.TB, *simulate.Balance) Spec
	}{{"serial", onTerminal}, {"tcp", onTCP}} {
		t.Run(tt.name, func(t *testing.T) {
			displayed := make(chan string, 1)
			s := settings(11)
			s.Shown = func(text string) { displayed <- text }
			b := must(simulate.NewBalance(s, sample(t, "mass=0.5123g")))(t)
			i := open(t, tt.on(t, b))
			ctx := within(t, 2*time.Minute)
			seen := map[genuine.Quantity]bool{}
			for n := range 5000 {
				if n%1000 == 999 {
					if err := b.Put(sample(t, []string{"mass=-0.75g", "mass=12.5g", "mass=0.0001g", "mass=219.9g"}[n/1000%4])); err != nil {
						t.Fatal(err)
					}
				}
				got, err := i.Measure(ctx)
				if err != nil {
					t.Fatalf("measurement %d: %v", n, err)
				}
				text := <-displayed
				want := []genuine.Reading{{Feature: "mass", Unit: "g", Value: must(genuine.ParseQuantity(text))(t)}}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("displayed %q (-want +got):\n%s", text, diff)
				}
				if places := text[strings.Index(text, ".")+1:]; len(places) != 4 {
					t.Fatalf("displayed %q: the readability is 0.0001", text)
				}
				seen[got[0].Value] = true
			}
			if len(seen) < 50 {
				t.Errorf("%d different values: the balance has no noise", len(seen))
			}
		})
	}
}

// Units come as UCUM has them, whatever the balance calls them.
func TestUnitsAreUCUM(t *testing.T) {
	for _, tt := range []struct {
		sample      string
		readability genuine.Quantity
	}{{"mass=1.25kg", 10_000}, {"carat=0.7[car_m]", 1000}, {"mass=480mg", 1e6}, {"mass=3.5ug", 100_000}} {
		s := settings(1)
		s.Noise, s.Drift, s.Readability = 0, 0, tt.readability
		s.Capacity = 2000e6
		want := sample(t, tt.sample)
		b := must(simulate.NewBalance(s, want))(t)
		i := open(t, Spec(strings.Replace(string(onTCP(t, b)), "=mass", "="+want[0].Feature, 1)))
		got, err := i.Measure(within(t, 20*time.Second))
		if diff := cmp.Diff([]genuine.Reading(want), got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.sample, err, diff)
		}
	}
}

func TestOverloadAndUnderloadAreRefused(t *testing.T) {
	b := must(simulate.NewBalance(settings(2), sample(t, "mass=221g")))(t)
	i := open(t, onTerminal(t, b))
	ctx := within(t, 20*time.Second)
	_, err := i.Measure(ctx)
	is(t, err, ErrOverload)
	if err := b.Put(sample(t, "mass=-30g")); err != nil {
		t.Fatal(err)
	}
	_, err = i.Measure(ctx)
	is(t, err, ErrUnderload)
	if err := b.Put(sample(t, "mass=3g")); err != nil {
		t.Fatal(err)
	}
	if _, err = i.Measure(ctx); err != nil {
		t.Errorf("after over and underload: %v", err)
	}
}

// A port that a killed program had for itself can be opened again.
func TestPortIsLetGo(t *testing.T) {
	b := must(simulate.NewBalance(settings(3), sample(t, "mass=1g")))(t)
	spec := onTerminal(t, b)
	first := open(t, spec)
	ctx := within(t, 20*time.Second)
	if _, err := first.Measure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Measure(ctx); err == nil || !strings.Contains(err.Error(), os.ErrClosed.Error()) {
		t.Errorf("Measure after Close: %v", err)
	}
	if _, err := open(t, spec).Measure(ctx); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	gone := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []Spec{"serial:///dev/no-such-port", "serial:///dev/null", Spec("tcp://" + gone), Spec("mqtt://a:b@" + gone + "/x?feature=mass")} {
		_, err := Open(within(t, 10*time.Second), spec)
		is(t, err, ErrUnreachable)
	}
}
