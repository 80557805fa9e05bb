package instrument

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"theriac/genuine"
)

const (
	// prompt is how long a balance may take for what it can say at once. A reset is to
	// it what switching on is.
	prompt = 5 * time.Second
	// settling is how long it may take for a stable value, or to say that it has none.
	// The manual leaves it to the balance; past it the answer is believed to be lost.
	settling = 45 * time.Second
	// flood is how many lines an attempt listens to.
	flood = 1000
)

// errAgain ends an attempt: what was asked and what was answered may have got out of
// step.
var errAgain = errors.New("begin again")

// A balance speaks MT-SICS. Its answers do not say which question they answer, so a
// weight is taken only between two answers of known place: after the one to a reset,
// which makes the balance forget what it was asked before, and before its serial
// number, asked for when the weight had come. A second weight between the two spoils
// both.
type balance struct {
	feature string
	dial    func(context.Context) (io.ReadWriteCloser, error)
	port    *port // nil: lost, or not open yet
}

func openBalance(ctx context.Context, a *address) (*balance, error) {
	b := &balance{feature: a.features[0], dial: a.dial}
	return b, b.open(ctx)
}

func (b *balance) open(ctx context.Context) error {
	rw, err := b.dial(ctx)
	if err != nil {
		return err
	}
	b.port = newPort(rw)
	return nil
}

func (b *balance) close() error {
	if b.port == nil {
		return nil
	}
	p := b.port
	b.port = nil
	return p.close()
}

func (b *balance) measure(ctx context.Context) ([]genuine.Reading, error) {
	d := &dialogue{last: ErrSilent}
	for {
		r, err := b.try(ctx, d)
		if err == nil {
			return []genuine.Reading{r}, nil
		}
		switch {
		case errors.Is(err, errAgain):
		case errors.Is(err, ErrUnreachable):
			d.last = err
			// What a port says when it is closed after it was lost is no news.
			_ = b.close()
		default:
			return nil, err
		}
		if !wait(ctx) {
			return nil, late(ctx, d.last)
		}
	}
}

// try makes one attempt.
func (b *balance) try(ctx context.Context, d *dialogue) (genuine.Reading, error) {
	if b.port == nil {
		if err := b.open(ctx); err != nil {
			return genuine.Reading{}, err
		}
	}
	ear, leave := b.port.listen()
	defer leave()
	d.port, d.ear, d.lines, d.rubbish = b.port, ear, 0, false
	weight, err := d.attempt(ctx)
	if err != nil {
		return genuine.Reading{}, err
	}
	return weight.reading(b.feature)
}

// A dialogue is a measurement with a balance.
type dialogue struct {
	port    *port
	ear     *ear
	lines   int   // heard in this attempt
	rubbish bool  // among them
	last    error // what was wrong
}

// again notes what was wrong.
func (d *dialogue) again(why error) error {
	d.last = why
	return errAgain
}

// waited notes for what was waited in vain, unless an attempt that had all its time says
// more.
func (d *dialogue) waited(ctx context.Context, why error) error {
	if ctx.Err() != nil && !errors.Is(d.last, ErrSilent) {
		return errAgain
	}
	return d.again(why)
}

func (d *dialogue) attempt(ctx context.Context) (reply, error) {
	before, err := d.serialNumber(ctx, reset)
	if err != nil {
		return reply{}, err
	}
	weight, err := d.weight(ctx)
	if err != nil {
		return reply{}, err
	}
	after, err := d.serialNumber(ctx, identify)
	if err != nil {
		return reply{}, err
	}
	if before != after {
		return reply{}, d.again(ErrGarbled)
	}
	return weight, nil
}

// serialNumber sends a command that is answered with the serial number. What comes
// before the answer to a reset is old.
func (d *dialogue) serialNumber(ctx context.Context, command string) (string, error) {
	if err := d.port.write(ctx, command); err != nil {
		return "", err
	}
	t := time.NewTimer(prompt)
	defer t.Stop()
	for {
		r, err := d.next(ctx, t.C)
		switch {
		case errors.Is(err, errAgain) && d.rubbish:
			return "", d.waited(ctx, ErrGarbled)
		case errors.Is(err, errAgain):
			return "", d.waited(ctx, ErrSilent)
		case err != nil:
			return "", err
		case r.command == identify && r.status == 'A':
			return r.text, nil
		case command != reset:
			return "", d.again(ErrGarbled)
		}
	}
}

// weight asks until the balance has a stable weight.
func (d *dialogue) weight(ctx context.Context) (reply, error) {
	for {
		if err := d.port.write(ctx, weigh); err != nil {
			return reply{}, err
		}
		r, err := d.weightOnce(ctx)
		switch {
		case errors.Is(err, errAgain):
			return reply{}, d.waited(ctx, ErrUnstable)
		case err != nil:
			return reply{}, err
		case r.command == "ES" || r.command == "EL" || r.status == 'L':
			return reply{}, fmt.Errorf("%w: it does not take the command %s", ErrFault, weigh)
		case r.command != weigh:
			// Not understood on the way there, or the balance was switched on meanwhile.
			return reply{}, d.again(ErrGarbled)
		case r.status == '+':
			return reply{}, ErrOverload
		case r.status == '-':
			return reply{}, ErrUnderload
		case r.status == 'S' && r.unit == "":
			return reply{}, fmt.Errorf("%w: %s", ErrFault, r.text)
		case r.status == 'S':
			return r, nil
		}
		// I: nothing stable in the balance's own time, or it is busy. D: it moves.
		d.last = ErrUnstable
		if !wait(ctx) {
			return reply{}, errAgain
		}
	}
}

func (d *dialogue) weightOnce(ctx context.Context) (reply, error) {
	t := time.NewTimer(settling)
	defer t.Stop()
	return d.next(ctx, t.C)
}

// next returns the next line; what is no reply of ours has no command.
func (d *dialogue) next(ctx context.Context, expired <-chan time.Time) (reply, error) {
	select {
	case line := <-d.ear.heard:
		if d.lines++; d.lines > flood {
			return reply{}, fmt.Errorf("%w: %d lines and no end", ErrGarbled, flood)
		}
		r, err := parseReply(line)
		d.rubbish = d.rubbish || err != nil
		return r, nil
	case <-d.port.lost:
		return reply{}, fmt.Errorf("%w: %w", ErrUnreachable, d.port.cause)
	case <-expired:
		return reply{}, errAgain
	case <-ctx.Done():
		return reply{}, errAgain
	}
}
