package device

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"theriac/genuine"
	"theriac/refusal"
)

// A pan is an instrument whose reading the test sets. What it does in a real one is
// tested in internal/instrument, over its own wires.
type pan struct {
	mu      sync.Mutex
	reading []genuine.Reading
	err     error
	hold    chan struct{} // closed: go on
	begun   chan struct{} // a measurement has begun
	deaf    bool          // ignores its context
	n       int
}

func (p *pan) Measure(ctx context.Context) ([]genuine.Reading, error) {
	p.mu.Lock()
	hold, deaf := p.hold, p.deaf
	p.n++
	p.mu.Unlock()
	if hold != nil {
		if p.begun != nil {
			p.begun <- struct{}{}
		}
		done := ctx.Done()
		if deaf {
			done = nil
		}
		select {
		case <-hold:
		case <-done:
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reading, p.err
}

func (p *pan) Close() error { return nil }

func (p *pan) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// put lays something on the pan.
func (p *pan) put(value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, err := genuine.ParseQuantity(value)
	if err != nil {
		panic(err)
	}
	p.reading, p.err = []genuine.Reading{{Feature: "mass", Unit: "g", Value: q}}, nil
}

func (p *pan) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func newPan(value string) *pan {
	p := &pan{}
	p.put(value)
	return p
}

func benchOf(t testing.TB, patience time.Duration, i ...Instrument) *Bench {
	t.Helper()
	b, err := NewBench(patience, i...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func code(t testing.TB, err error, want string) {
	t.Helper()
	if got := refusal.Code(err); got != want || err == nil {
		t.Errorf("%v (%q), want %q", err, got, want)
	}
}

// All instruments measure the same thing, at once.
func TestBenchReadsAll(t *testing.T) {
	light := &pan{reading: []genuine.Reading{{Feature: "refractive_index", Unit: "1", Value: 1_520_000}}}
	got, err := benchOf(t, time.Minute, newPan("0.5"), light).measure(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	criteria := []genuine.Criterion{
		{Feature: "mass", Unit: "g", Low: 500_000, High: 500_000}, {Feature: "refractive_index", Unit: "1", Low: 1_520_000, High: 1_520_000},
	}
	if err := genuine.Judge(criteria, got); err != nil {
		t.Error(err)
	}
	if _, err := NewBench(time.Minute); err == nil {
		t.Error("a bench without instruments")
	}
}

// Attack: an instrument that is dead, slow, or ignores its deadline gets a name, and
// what it says too late is not taken for the next thing.
func TestBenchNamesFailures(t *testing.T) {
	dead := newPan("0.5")
	dead.fail(errors.New("/dev/ttyS0: input/output error"))
	_, err := benchOf(t, time.Minute, newPan("0.5"), dead).measure(t.Context())
	code(t, err, "instrument_failed")

	named := newPan("0.5")
	named.fail(refusal.New("instrument_overload", "the balance is overloaded"))
	_, err = benchOf(t, time.Minute, named).measure(t.Context())
	code(t, err, "instrument_overload")

	slow := newPan("0.5")
	slow.hold = make(chan struct{})
	_, err = benchOf(t, time.Millisecond, slow).measure(t.Context())
	code(t, err, "instrument_late")

	deaf := newPan("0.5")
	deaf.hold, deaf.deaf = make(chan struct{}), true
	b := benchOf(t, time.Millisecond, deaf)
	_, err = b.measure(t.Context())
	code(t, err, "instrument_late")
	_, err = b.measure(t.Context())
	code(t, err, "instrument_late")
	if deaf.count() != 1 {
		t.Errorf("asked %d times while it was busy", deaf.count())
	}
	deaf.put("0.7")
	close(deaf.hold)
	b.patience = time.Minute
	got, err := b.measure(t.Context())
	if err != nil || len(got) != 1 || got[0].Value != 700_000 || deaf.count() != 2 {
		t.Errorf("%v, %v after %d questions", got, err, deaf.count())
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := benchOf(t, time.Minute, slow).measure(ctx); !errors.Is(err, context.Canceled) || refusal.Code(err) != "" {
		t.Error(err)
	}
}
