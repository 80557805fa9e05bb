package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/device"
)

type deviceLineCmd struct {
	folder
	home
	GTIN     string   `required:"" help:"Product."`
	Criteria string   `help:"What is legitimate: a JSON file. Others than before begin an epoch." placeholder:"FILE"`
	Admit    []string `sep:"none" help:"Card of a device that shall measure; may be repeated." placeholder:"FILE"`
	Revoke   []string `sep:"none" help:"Identifier of a device that shall not any more; begins an epoch. May be repeated." placeholder:"KID"`
	Rotate   bool     `help:"Begin an epoch, with a new judgment value."`
	TakeOver bool     `help:"The device that made the line is lost: begin an epoch with this device and those admitted now."`
}

// Help implements kong.HelpProvider.
func (deviceLineCmd) Help() string {
	return `The judgment value of an epoch is made in this device, and leaves it sealed to the devices
that are admitted. Without a change the line's keys are sent again. Criteria are ranges,
both ends legitimate, in units of UCUM:

  [{"feature": "mass", "unit": "g", "low": 0.5, "high": 0.53}]

  theriac device line --dir scale --gtin 09521141200018 --criteria pills.json --admit carrier.card
  theriac device line --dir scale --gtin 09521141200018 --revoke=KID`
}

func (d *deviceLineCmd) Run(ctx context.Context, con *console) error {
	change, err := d.change()
	if err != nil {
		return err
	}
	office, err := d.client()
	if err != nil {
		return err
	}
	x, err := device.Open(d.Dir, d.Passphrase)
	if err != nil {
		return err
	}
	now, err := x.ChangeLine(ctx, office, *change)
	if err := errors.Join(err, x.Close()); err != nil {
		return err
	}
	if d.JSON {
		return printJSON(con.out, now)
	}
	con.printf("line %s: %s, epoch %d\n", now.ID, now.GTIN, now.Epoch)
	for _, m := range now.Devices {
		con.printf("  device %s of %s\n", m.ID, m.Operator)
	}
	return nil
}

func (d *deviceLineCmd) change() (*device.Change, error) {
	c := &device.Change{GTIN: gs1.GTIN(d.GTIN), Rotate: d.Rotate, TakeOver: d.TakeOver}
	var err error
	if d.Criteria != "" {
		if c.Criteria, err = readCriteria(d.Criteria); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Criteria, err)
		}
	}
	for _, name := range d.Admit {
		raw, err := readFile(name)
		if err != nil {
			return nil, err
		}
		card, err := device.ParseCard(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Admit = append(c.Admit, *card)
	}
	for _, text := range d.Revoke {
		kid, err := canon.ParseDigest(text)
		if err != nil {
			return nil, fmt.Errorf("revoke: %w", err)
		}
		c.Revoke = append(c.Revoke, kid)
	}
	return c, nil
}

// readCriteria reads criteria as people write them, in any order and with any zeros.
func readCriteria(name string) ([]genuine.Criterion, error) {
	raw, err := readFile(name)
	if err != nil {
		return nil, err
	}
	var written []struct {
		Feature string      `json:"feature"`
		High    json.Number `json:"high"`
		Low     json.Number `json:"low"`
		Unit    string      `json:"unit"`
	}
	if err := strict(raw, &written); err != nil {
		return nil, err
	}
	out := []genuine.Criterion{}
	for _, w := range written {
		low, lowErr := genuine.ParseQuantity(string(w.Low))
		high, highErr := genuine.ParseQuantity(string(w.High))
		if err := errors.Join(lowErr, highErr); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Feature, err)
		}
		out = append(out, genuine.Criterion{Feature: w.Feature, High: high, Low: low, Unit: w.Unit})
	}
	slices.SortFunc(out, func(a, b genuine.Criterion) int { return cmp.Compare(a.Feature, b.Feature) })
	return out, genuine.CheckCriteria(out)
}
