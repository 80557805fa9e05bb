package ledger

import (
	"bytes"
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// MaxDevices is the largest number of devices of a product line.
const MaxDevices = 256

// line enters a product line or replaces its record: only the member who licensed the
// product's company prefix may.
func (t *tx) line() error {
	var arg chain.PutLine
	if err := t.body(&arg); err != nil {
		return err
	}
	if err := arg.GTIN.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	if !t.sender.Licensed(arg.GTIN) {
		return fmt.Errorf("%w: %s", ErrLicence, arg.GTIN)
	}
	if arg.Criteria.IsZero() {
		return fmt.Errorf("%w: no criteria", ErrLine)
	}
	if err := checkDevices(arg.Devices); err != nil {
		return err
	}
	for _, d := range arg.Devices {
		if _, err := member(t, d.Operator); err != nil {
			return err
		}
	}
	id := chain.LineID(t.Sender, arg.GTIN)
	var old chain.Line
	ok, err := read(t, chain.LineKey(id), &old)
	if err != nil {
		return err
	}
	if err := follows(&old, &arg, ok); err != nil {
		return err
	}
	t.tag("line", id)
	return t.put(chain.LineKey(id), &chain.Line{Put: arg, Maker: t.Sender, At: t.now, Index: t.index})
}

func checkDevices(devices []chain.Device) error {
	if len(devices) == 0 || len(devices) > MaxDevices {
		return fmt.Errorf("%w: 1 to %d devices", ErrLine, MaxDevices)
	}
	for i, d := range devices {
		if _, err := envelope.ParseKey(d.Point); err != nil {
			return fmt.Errorf("%w: device: %w", ErrLine, err)
		}
		if err := pedigree.CheckSealKey(d.Seal); err != nil || len(d.Seal) == 0 {
			return fmt.Errorf("%w: device without a seal key", ErrLine)
		}
		if i > 0 && bytes.Compare(devices[i-1].Point, d.Point) >= 0 {
			return fmt.Errorf("%w: the devices do not rise", ErrLine)
		}
	}
	return nil
}

// follows returns ErrLine unless a record may replace the one before: who was revoked
// knows a judgment value that must not be used any more.
func follows(old *chain.Line, now *chain.PutLine, exists bool) error {
	if !exists {
		if now.Epoch != 1 {
			return fmt.Errorf("%w: the first epoch is 1", ErrLine)
		}
		return nil
	}
	revokes := slices.ContainsFunc(old.Put.Devices, func(d chain.Device) bool {
		return !slices.ContainsFunc(now.Devices, func(e chain.Device) bool { return bytes.Equal(d.Point, e.Point) && bytes.Equal(d.Seal, e.Seal) })
	})
	switch epoch := old.Put.Epoch; {
	case now.Epoch != epoch && now.Epoch != epoch+1:
		return fmt.Errorf("%w: epoch %d after %d", ErrLine, now.Epoch, epoch)
	case now.Epoch == epoch && (revokes || now.Criteria != old.Put.Criteria):
		return fmt.Errorf("%w: a revoked device or other criteria begin an epoch", ErrLine)
	}
	return nil
}

func (t *tx) lineOf(id canon.Digest) (*chain.Line, error) {
	l, ok, err := recall[chain.Line](t, chain.LineKey(id))
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrUnknownLine, id)
	}
	return l, err
}

// checkPlace returns ErrRegistration unless s is a GLN.
func checkPlace(s string) error {
	if err := gs1.GLN(s).Check(); err != nil {
		return fmt.Errorf("%w: place: %w", ErrRegistration, err)
	}
	return nil
}
