package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"theriac/client"
	"theriac/genuine"
	"theriac/refusal"
)

// errBusy is returned while the device measures another thing.
var errBusy = refusal.New("instrument_busy", "the device measures another thing now; try again")

// A Meter is a measuring device at work (3.3): it answers challenges about what lies on
// its instruments. What lies there is measured for one challenge at a time. A challenge
// that waits for its turn is answered with what lies there then: let them wait only
// where a machine changes the things.
type Meter struct {
	Device  *Device
	Bench   *Bench
	Makers  []*client.Client // whose servers have keys of lines
	Now     func() time.Time
	Waiting int     // challenges that may wait while one is measured for
	Rate    float64 // challenges a second of one address

	turn   chan struct{}
	places chan struct{} // of those who have or wait for the turn
	asking chan struct{} // of who asks a maker's server for keys
	nonces *nonces
	book   *os.File
}

// Begin makes the device ready. It refreshes the keys of lines that the device knows, as
// far as their makers' servers answer.
func (m *Meter) Begin(ctx context.Context) error {
	m.turn, m.places, m.asking = make(chan struct{}, 1), make(chan struct{}, 1+m.Waiting), make(chan struct{}, 1)
	var err error
	if m.nonces, err = openNonces(m.Device.folder, maxNonces); err != nil {
		return err
	}
	if m.book, err = openBook(m.Device.folder); err != nil {
		return errors.Join(err, m.nonces.close())
	}
	if err := m.Device.refresh(ctx, m.Makers); err != nil {
		return errors.Join(err, m.Close())
	}
	return nil
}

// Close ends the measuring. The bench stays its owner's.
func (m *Meter) Close() error {
	m.turn <- struct{}{}
	return errors.Join(m.nonces.close(), m.book.Close())
}

// Answer measures what lies on the instruments for a challenge. Nothing that was read
// stands in an answer or in an error, and no line of the book is missing for an answer
// that went out.
func (m *Meter) Answer(ctx context.Context, from string, sealed []byte) (*genuine.Answer, error) {
	d := m.Device
	c, err := genuine.OpenChallenge(d.Card.device(), d.seal, sealed)
	if err != nil {
		return nil, err
	}
	a, err := m.answer(ctx, c)
	if ctx.Err() != nil {
		err = errors.Join(errLate, ctx.Err()) // who asked has gone, or the device stops
	}
	if err := m.note(from, c, err); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (m *Meter) answer(ctx context.Context, c *genuine.Challenge) (*genuine.Answer, error) {
	if err := m.ready(ctx, &c.Transaction); err != nil {
		return nil, err
	}
	select {
	case m.places <- struct{}{}:
		defer func() { <-m.places }()
	default:
		return nil, errBusy
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := m.nonces.use(c.Nonce); err != nil {
		return nil, err
	}
	readings, err := m.Bench.measure(ctx)
	if err != nil {
		return nil, err
	}
	u := &c.Transaction
	k, err := m.Device.lineKey(u.Chain, u.Line, u.Epoch)
	if err != nil {
		return nil, err
	}
	defer clear(k.J[:]) // it was open for this answer
	return k.Answer(c, readings, m.Device.signer)
}

// lookup is how long the makers' servers may take for a key.
const lookup = 15 * time.Second

// ready makes sure that the key of a line is there. Makers are asked for one at a time:
// anybody can seal a challenge of a line that does not exist.
func (m *Meter) ready(ctx context.Context, u *genuine.Transaction) error {
	k, err := m.Device.lineKey(u.Chain, u.Line, u.Epoch)
	if err == nil {
		clear(k.J[:])
	}
	if !errors.Is(err, errLineKey) {
		return err
	}
	select {
	case m.asking <- struct{}{}:
		defer func() { <-m.asking }()
	default:
		return fmt.Errorf("%w: it asks for another", errLineKey)
	}
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	return m.Device.known(ctx, m.Makers, u)
}
