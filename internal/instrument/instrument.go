// Package instrument reads measuring instruments: balances that speak MT-SICS over a
// serial port or TCP, and instruments that answer over MQTT (docs/formats.md).
//
// A reading is what the instrument showed, to the last digit, in its unit. It is never
// an answer to an earlier question, and never one that had not settled: paper 001
// decides from it, once.
package instrument

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"theriac/genuine"
	"theriac/refusal"
)

var (
	// ErrSpec is returned for addresses of instruments that are not well formed.
	ErrSpec = refusal.New("instrument_spec", "the instrument's address is not understood")
	// ErrUnreachable is returned if port, host or broker is not there.
	ErrUnreachable = refusal.New("instrument_unreachable", "the instrument cannot be reached")
	// ErrPassword is returned if the broker refuses the user, or what the user asks for.
	ErrPassword = refusal.New("instrument_password", "the broker refuses this user or password")
	// ErrSilent is returned if no answer came in time.
	ErrSilent = refusal.New("instrument_silent", "the instrument does not answer")
	// ErrUnstable is returned if what the instrument shows did not settle in time.
	ErrUnstable = refusal.New("instrument_unstable", "the instrument shows no stable value")
	// ErrGarbled is returned if what comes is not what such an instrument says.
	ErrGarbled = refusal.New("instrument_garbled", "what the instrument says cannot be understood")
	// ErrOverload is returned if more lies on a balance than it weighs.
	ErrOverload = refusal.New("instrument_overload", "the balance is overloaded")
	// ErrUnderload is returned if a balance is lighter than with nothing on it.
	ErrUnderload = refusal.New("instrument_underload", "the balance is underloaded: its pan may be missing")
	// ErrFault is returned if the instrument reports a fault, or does not know the command.
	ErrFault = refusal.New("instrument_fault", "the instrument reports a fault")
	// ErrUnit is returned for values in a unit that UCUM does not have.
	ErrUnit = refusal.New("instrument_unit", "the instrument shows a unit that is not known")
)

// limit is how long a measurement goes on for callers who set no deadline.
const limit = time.Minute

// pause is how long it waits before it asks again.
const pause = 100 * time.Millisecond

// A driver speaks an instrument's protocol. Nobody calls it twice at a time.
type driver interface {
	// measure tries until ctx ends, and again after a connection was lost.
	measure(ctx context.Context) ([]genuine.Reading, error)
	close() error
}

// An Instrument is what Open opened. It may be used by several at a time; they take
// turns.
type Instrument struct {
	driver driver
	spec   Spec
	turn   chan struct{}
	life   context.Context // ends with Close
	end    context.CancelFunc
}

// Open opens the instrument that a spec names, and returns ErrUnreachable if it is not
// there now.
func Open(ctx context.Context, spec Spec) (*Instrument, error) {
	a, err := spec.parse()
	if err != nil {
		return nil, err
	}
	i := &Instrument{spec: spec, turn: make(chan struct{}, 1)}
	if a.topic != "" {
		i.driver, err = openSensor(ctx, a)
	} else {
		i.driver, err = openBalance(ctx, a)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	i.life, i.end = context.WithCancel(context.Background())
	return i, nil
}

// String returns the instrument's address without password.
func (i *Instrument) String() string { return i.spec.String() }

// Measure returns what the instrument shows of each feature, by rising feature. It
// tries until ctx ends, for a minute at most if ctx has no deadline, and survives a
// connection that is lost meanwhile. The error says what was wrong last.
func (i *Instrument) Measure(ctx context.Context) ([]genuine.Reading, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(i.life, cancel)()
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return nil, i.ended(ctx.Err())
	}
	if i.life.Err() != nil {
		return nil, i.ended(ctx.Err())
	}
	readings, err := i.driver.measure(ctx)
	if err != nil {
		return nil, i.ended(err)
	}
	return readings, nil
}

// ended names the instrument, and says so if it was closed meanwhile.
func (i *Instrument) ended(err error) error {
	if i.life.Err() != nil {
		err = os.ErrClosed
	}
	return fmt.Errorf("%s: %w", i.spec, err)
}

// Close ends a measurement under way and closes the instrument.
func (i *Instrument) Close() error {
	i.end()
	i.turn <- struct{}{}
	defer func() { <-i.turn }()
	return i.driver.close()
}

// wait returns false if ctx ended before it was time to ask again.
func wait(ctx context.Context) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// late returns what was wrong last, as the reason for which time ran out.
func late(ctx context.Context, last error) error {
	if cause := ctx.Err(); !errors.Is(last, cause) {
		return fmt.Errorf("%w: %w", last, cause)
	}
	return last
}
