package supply

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/refusal"
)

var (
	// ErrInstrument is returned for a measuring device that cannot be reached, or does
	// not speak as one.
	ErrInstrument = refusal.New("device_unreachable", "the measuring device does not answer as one does")
	// ErrUnlisted is returned for an address that the organisation does not call.
	ErrUnlisted = refusal.New("device_not_listed", "the measuring device is not in the organisation's settings")
)

// Instruments speak with measuring devices. Who answers is a stranger: nothing but
// the ledger says what an answer is worth.
type Instruments interface {
	// Device returns the thumbprint that the device at an address says it has.
	Device(ctx context.Context, address string) (canon.Digest, error)
	// Measure has it measure what lies on it, for a sealed challenge. A refusal has
	// the device's code (refusal.Code).
	Measure(ctx context.Context, address string, challenge []byte) (*genuine.Answer, error)
}

// measuring is how long a measurement may take: a balance waits until it rests.
const measuring = time.Minute

// Identify sets a mark to verified, with what a device answered to a challenge of
// ours (paper 001, 3.4). An alert, as of a mark that was verified before, is its refusal,
// with the alert's id in Done. id names the operation: the same again is found.
func (d *Desk) Identify(ctx context.Context, id canon.ID, i *api.Identifying) (*api.Done, error) {
	a := &i.Answer
	done, err := d.identify(ctx, id, &chain.Identify{
		Registration: i.Registration, Index: i.Index, Place: i.Place, Nonce: i.Nonce,
		Key: a.Key, Proof: a.Proof, Device: a.Device, Signature: a.Signature,
	})
	d.identified(ctx, "identify", i.Registration, i.Index, err)
	return done, err
}

func (d *Desk) identified(ctx context.Context, action string, id canon.Digest, index uint64, err error) {
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, action, fmt.Sprintf("%s/%d", id, index), err)
	}
}

func (d *Desk) identify(ctx context.Context, id canon.ID, i *chain.Identify) (*api.Done, error) {
	r, err := d.registered(i.Registration)
	if err != nil {
		return nil, err
	}
	line, err := d.line(r.Terms.Line)
	if err != nil {
		return nil, err
	}
	mark, err := d.mark(ctx, i.Registration, r, i.Index)
	if err != nil {
		return nil, err
	}
	i.Path = mark.Path
	// What proves nothing raises no alert, and is not sent to the ledger.
	if err := genuine.CheckIdentify(d.Chain, d.GLN, i, r, line); err != nil {
		return nil, err
	}
	return d.Submit(ctx, chain.KindIdentify, id, *i)
}

// Measure identifies the thing that lies on a measuring device: this organisation is
// the identification device, the other one the verification device of paper 001.
func (d *Desk) Measure(ctx context.Context, id canon.ID, m *api.Measurement, code gs1.Identifier) (*api.Done, error) {
	name := m.Registration
	err := d.mayMeasure(m)
	if err == nil && name.IsZero() {
		name, err = d.registrationOf(ctx, code)
	}
	var u *genuine.Transaction
	if err == nil {
		u, err = d.thing(ctx, name, code)
	}
	if err != nil {
		d.record(ctx, audit.Operator, "measure", name.String(), err)
		return nil, err
	}
	done, err := d.measure(ctx, id, m, &genuine.Challenge{
		Registration: name, Consignee: d.GLN, Place: m.Place, Nonce: d.NewID(), Transaction: *u,
	})
	d.identified(ctx, "measure", name, u.Index, err)
	return done, err
}

// mayMeasure checks what is cheap before anybody is asked.
func (d *Desk) mayMeasure(m *api.Measurement) error {
	if err := gs1.GLN(m.Place).Check(); err != nil {
		return fmt.Errorf("%w: place: %w", ErrRequest, err)
	}
	// An address comes from a person. None but those in the settings is called.
	if !slices.Contains(d.Devices, m.Device) {
		return fmt.Errorf("%w: %.100q", ErrUnlisted, m.Device)
	}
	return nil
}

func (d *Desk) measure(ctx context.Context, id canon.ID, m *api.Measurement, c *genuine.Challenge) (*api.Done, error) {
	if done, err := d.measured(id, c); done != nil || err != nil {
		return done, err
	}
	line, err := d.line(c.Transaction.Line)
	if err != nil {
		return nil, err
	}
	answer, err := d.answer(ctx, m.Device, c, line)
	if err != nil {
		return nil, err
	}
	return d.identify(ctx, id, &chain.Identify{
		Registration: c.Registration, Index: c.Transaction.Index, Place: c.Place, Nonce: c.Nonce,
		Key: answer.Key, Proof: answer.Proof, Device: answer.Device, Signature: answer.Signature,
	})
}

// measured returns what this operation did before its answer was lost, or nil: the
// thing may not lie on the device any more.
func (d *Desk) measured(id canon.ID, c *genuine.Challenge) (*api.Done, error) {
	mark, err := state[chain.Mark](d, chain.MarkKey(c.Registration, c.Transaction.Index))
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	leaf, _, err := d.Ledger.Leaf(mark.Index)
	if err != nil || leaf.Operation != chain.Operation(d.GLN, id) {
		return nil, err
	}
	return &api.Done{Operation: leaf.Operation, Index: mark.Index, Height: leaf.Height, Time: leaf.Time}, nil
}

// answer has a device measure for a challenge. What the challenge is sealed to is the
// key in the line's record: a device that is somebody else learns nothing by its name.
func (d *Desk) answer(ctx context.Context, address string, c *genuine.Challenge, line *chain.Line) (*genuine.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, measuring)
	defer cancel()
	kid, err := d.Instruments.Device(ctx, address)
	if err != nil {
		return nil, d.spoken(address, err)
	}
	for i := range line.Put.Devices {
		x := &line.Put.Devices[i]
		if has, err := deviceID(x); err != nil || has != kid {
			continue
		}
		sealed, err := c.Seal(x)
		if err != nil {
			return nil, err
		}
		a, err := d.Instruments.Measure(ctx, address, sealed)
		if err != nil {
			return nil, d.spoken(address, err)
		}
		return a, nil
	}
	return nil, fmt.Errorf("%w: the device at %s is not in the record of the product line", genuine.ErrDevice, address)
}

// instrumental are the codes by which a device says what is wrong with it.
var instrumental = regexp.MustCompile(`^instrument_[a-z0-9_]{1,40}$`)

// spoken returns a device's refusal, if it is one that devices give. Another code
// would pass for an answer of ours: that a login has ended, say.
func (d *Desk) spoken(address string, err error) error {
	code := refusal.Code(err)
	for _, known := range []*refusal.Refusal{genuine.ErrNotLegitimate, genuine.ErrReading, genuine.ErrSealed, genuine.ErrTransaction} {
		if code == known.Code() {
			return err
		}
	}
	if instrumental.MatchString(code) {
		return err
	}
	d.Log.Info("measuring device: no answer", "address", address, "err", err)
	return fmt.Errorf("%w: %s", ErrInstrument, address)
}

// MeasuringDevices returns the devices that may be asked to measure.
func (d *Desk) MeasuringDevices() *api.MeasuringDevices {
	out := &api.MeasuringDevices{Items: []api.MeasuringDevice{}}
	for _, address := range d.Devices {
		out.Items = append(out.Items, api.MeasuringDevice{Address: address})
	}
	return out
}
