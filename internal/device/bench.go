package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"theriac/genuine"
	"theriac/refusal"
)

var (
	// errInstrument is returned if an instrument gave no reading.
	errInstrument = refusal.New("instrument_failed", "an instrument gave no reading")
	// errLate is returned if an instrument did not answer in time.
	errLate = refusal.New("instrument_late", "an instrument did not answer in time")
)

// An Instrument measures what lies on it.
type Instrument interface {
	// Measure returns what the instrument reads of each of its features, of the thing
	// that is on it when the call begins or later. It ends soon after ctx does. It may
	// be called again after an error, and by several at a time.
	Measure(ctx context.Context) ([]genuine.Reading, error)
	// Close ends the connection.
	Close() error
}

// A Bench is the instruments of a device: all of them measure the same thing.
type Bench struct {
	instruments []Instrument
	patience    time.Duration
	turns       []chan struct{}
}

// NewBench takes instruments over; patience is how long they may take for a thing.
func NewBench(patience time.Duration, instruments ...Instrument) (*Bench, error) {
	if len(instruments) == 0 {
		return nil, errors.New("a device measures with one instrument or more")
	}
	b := &Bench{instruments: instruments, patience: patience}
	for range instruments {
		b.turns = append(b.turns, make(chan struct{}, 1))
	}
	return b, nil
}

// Close closes the instruments.
func (b *Bench) Close() error {
	var errs []error
	for _, i := range b.instruments {
		errs = append(errs, i.Close())
	}
	return errors.Join(errs...)
}

// A seen is what one instrument said.
type seen struct {
	readings []genuine.Reading
	err      error
}

// measure asks all instruments at once. An instrument that ignores its deadline is left
// behind, and what it says later goes nowhere: it would be of another thing.
func (b *Bench) measure(ctx context.Context) ([]genuine.Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	each := make(chan seen, len(b.instruments))
	for i := range b.instruments {
		go func() { each <- b.ask(ctx, i) }()
	}
	var all []genuine.Reading
	for range b.instruments {
		select {
		case s := <-each:
			if s.err != nil {
				return nil, failed(ctx, s.err)
			}
			all = append(all, s.readings...)
		case <-ctx.Done():
			return nil, failed(ctx, ctx.Err())
		}
	}
	return all, nil
}

// ask waits until the instrument has ended what it was asked before.
func (b *Bench) ask(ctx context.Context, i int) seen {
	select {
	case b.turns[i] <- struct{}{}:
		defer func() { <-b.turns[i] }()
	case <-ctx.Done():
		return seen{err: ctx.Err()}
	}
	readings, err := b.instruments[i].Measure(ctx)
	return seen{readings, err}
}

// failed gives what an instrument said a name, unless it has one.
func failed(ctx context.Context, err error) error {
	switch {
	case refusal.Code(err) != "":
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errLate, err)
	case ctx.Err() != nil:
		return ctx.Err() // who asked has gone
	}
	return fmt.Errorf("%w: %w", errInstrument, err)
}
