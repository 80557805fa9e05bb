package journey

import (
	"context"
	"errors"
	"fmt"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/device"
	"theriac/refusal"
)

// measured is how many packs of the story have marks.
const measured = 3

// register is paper 001, 3.2: the manufacturer's device makes the judgment value of the
// product line, admits the carrier's device, measures packs, and registers them for the
// distributor, before they go to it with exchange 5.
func (s *Story) register(ctx context.Context) error {
	if s.Lab == nil {
		return nil
	}
	c := &s.Cast
	change := device.Change{GTIN: s.Product}
	if known, err := client.Get[api.Lines](ctx, c.Manufacturer.API, "/v1/lines", nil); err != nil {
		return err
	} else if len(known.Items) == 0 {
		change.Criteria, change.Admit = criteria(), []device.Card{s.Lab.carrier.device.Card}
	}
	line, err := s.Lab.maker.device.ChangeLine(ctx, c.Manufacturer.API, change)
	if err != nil {
		return fmt.Errorf("product line: %w", err)
	}
	s.Tell("measuring devices of manufacturer and carrier are admitted to the product line",
		fmt.Sprintf("epoch %d; judgment value sealed to %d devices (simulated instruments)", line.Epoch, len(line.Devices)))
	r := &device.Registrar{
		Device: s.Lab.maker.device, Office: c.Manufacturer.API, Bench: s.Lab.maker.bench,
		Reach: func(endpoint string) (*client.Client, error) { return client.New(endpoint, "") },
	}
	done, err := r.Register(ctx, device.Job{
		GTIN: s.Product, Batch: string(s.Lot), Packs: chain.Range{To: min(s.Packs, measured)}, To: c.Distributor.GLN, Place: c.Distributor.GLN,
		Fields: map[string]string{"temperature": "21 Cel"},
	})
	if err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	s.Registrations = []canon.Digest{done.Registration.ID}
	s.Tell("manufacturer measures packs and registers them for the distributor",
		fmt.Sprintf("%d marks, registration %s", done.Registration.Size, done.Registration.ID))
	return nil
}

// identify is 3.3 and 3.4 at the distributor's door: a pack is measured genuine, once;
// a counterfeit in a genuine carton is caught.
func (s *Story) identify(ctx context.Context) error {
	if s.Lab == nil {
		return nil
	}
	meter, err := client.New(s.Lab.Address, "")
	if err != nil {
		return err
	}
	door := &device.Identification{Office: s.Cast.Distributor.API, Meter: meter, Place: s.Cast.Distributor.GLN}
	for i, at := range []func(context.Context, *device.Identification, string) error{s.genuine, s.twice, s.swapped} {
		if uint64(i) >= s.Packs {
			return nil
		}
		code, err := s.Scan(ctx, uint64(i))
		if err != nil {
			return err
		}
		if err := at(ctx, door, code); err != nil {
			return err
		}
	}
	return nil
}

func (s *Story) genuine(ctx context.Context, door *device.Identification, code string) error {
	done, err := s.lay(ctx, door, code, genuinePack)
	if err != nil {
		return fmt.Errorf("identification: %w", err)
	}
	s.Tell("distributor has "+code+" measured at the door: genuine, once", fmt.Sprintf("leaf %d", done.Done.Index))
	return nil
}

// swapped lays a counterfeit on the device, in the carton of a genuine pack.
func (s *Story) swapped(ctx context.Context, door *device.Identification, code string) error {
	_, err := s.lay(ctx, door, code, counterfeit)
	if refusal.Code(err) != "not_legitimate" {
		return fmt.Errorf("a counterfeit: %w", refused(err))
	}
	s.Tell("a counterfeit in the carton of "+code+": the device yields no key", err.Error())
	return nil
}

// twice verifies a mark, and then once more.
func (s *Story) twice(ctx context.Context, door *device.Identification, code string) error {
	if err := s.genuine(ctx, door, code); err != nil {
		return err
	}
	_, err := s.lay(ctx, door, code, genuinePack)
	if refusal.Code(err) != "already_verified" {
		return fmt.Errorf("a second identification: %w", refused(err))
	}
	s.Tell("the same mark again: refused, and the manufacturer is alerted", err.Error())
	return nil
}

func (s *Story) lay(ctx context.Context, door *device.Identification, code string, on sample) (*device.Identified, error) {
	if err := s.Lab.carrier.put(on); err != nil {
		return nil, err
	}
	return door.Identify(ctx, code, canon.Digest{}, 0)
}

// refused returns what was said instead of the refusal that was expected.
func refused(err error) error { return errors.Join(errors.New("it was not refused so"), err) }
