package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/device"
)

type deviceRegisterCmd struct {
	folder
	home
	instruments
	GTIN     string            `help:"Product; that of --material, if left out."`
	Batch    string            `help:"Lot, or name on the ledger, of the packs' batch." xor:"what" required:""`
	Material string            `help:"Lot of raw material, (01)…(10)…." xor:"what" required:"" placeholder:"CODE"`
	Packs    string            `help:"Places of the packs in their batch: FROM-TO, from 0, without TO." placeholder:"FROM-TO"`
	Scan     bool              `help:"Read the packs' codes from standard input, one a line, as a scanner types them."`
	Whole    bool              `help:"One measurement and one mark for all of them, in a case or pallet."`
	Item     string            `help:"Code of the whole: its SSCC or lot." placeholder:"CODE"`
	To       string            `required:"" help:"GLN of the consignee."`
	Place    string            `help:"GLN of where they are to be identified; the consignee's own, if left out."`
	Counter  uint64            `help:"Number of this registration of the things; the next, if left out."`
	Field    map[string]string `help:"Free field of the transaction information; may be repeated." placeholder:"temperature=5"`
	Each     bool              `help:"Ask nobody: the instruments give one reading for each thing, as a checkweigher in a line does."`
}

// Help implements kong.HelpProvider.
func (deviceRegisterCmd) Help() string {
	return `For each thing it says which one to put on the instruments, measures, and judges. What is
not legitimate is left out. All marks go to the ledger in one registration, with the
transaction information sealed to the consignee, which travels with the goods' message.
After a kill or a lost answer give the same command again: nothing is measured twice.

  theriac device register --dir scale --gtin 09521141200018 --batch T26A --packs 0-100 \
    --to 9521141001035 --instrument 'serial:///dev/ttyUSB0?feature=mass'
  theriac device register --dir scale --material '(01)09521141100011(10)ASA-7' --to 9521141001028 --instrument @nir.spec`
}

func (d *deviceRegisterCmd) Run(ctx context.Context, con *console) (err error) {
	job, err := d.job()
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
	defer func() { err = errors.Join(err, x.Close()) }()
	bench, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bench.Close()) }()
	r := d.registrar(con)
	r.Device, r.Office, r.Bench = x, office, bench.Bench
	done, err := r.Register(ctx, *job)
	if err != nil {
		return err
	}
	if d.JSON {
		err = printJSON(con.out, done)
	} else {
		d.print(con, done)
	}
	if err == nil && done.Stopped != "" {
		err = fmt.Errorf("stopped at %s; those before it are registered", done.Stopped)
	}
	return err
}

func (d *deviceRegisterCmd) job() (*device.Job, error) {
	j := &device.Job{
		GTIN: gs1.GTIN(d.GTIN), Batch: d.Batch, Whole: d.Whole, Item: d.Item, To: d.To, Place: d.Place, Counter: d.Counter, Fields: d.Field,
	}
	if j.Place == "" {
		j.Place = j.To
	}
	if d.Material != "" {
		id, err := gs1.ParseIdentifier(d.Material, time.Now())
		if err != nil {
			return nil, fmt.Errorf("material: %w", err)
		}
		j.Material, j.Item = true, d.Material
		if j.GTIN == "" {
			j.GTIN = id.GTIN
		}
		return j, nil
	}
	if d.Scan != (d.Packs == "") {
		return nil, errors.New("which packs: --packs FROM-TO, or --scan")
	}
	if d.Scan {
		return j, nil
	}
	from, to, ok := strings.Cut(d.Packs, "-")
	first, errFrom := strconv.ParseUint(from, 10, 64)
	end, errTo := strconv.ParseUint(to, 10, 64)
	if !ok || errFrom != nil || errTo != nil || first >= end {
		return nil, fmt.Errorf("packs %q: they are FROM-TO, as 0-100", d.Packs)
	}
	j.Packs = chain.Range{From: first, To: end}
	return j, nil
}

// registrar speaks with the person at the instruments, or with nobody.
func (d *deviceRegisterCmd) registrar(con *console) *device.Registrar {
	r := &device.Registrar{Progress: bar(con, "marks"), Reach: func(endpoint string) (*client.Client, error) { return client.New(endpoint, "") }}
	in := &lines{}
	if d.Scan || !d.Each {
		in = readLines(os.Stdin)
	}
	r.Scan = func(ctx context.Context) (string, error) {
		for {
			code, err := in.read(ctx)
			if code = strings.TrimSpace(code); code != "" || err != nil {
				return code, err
			}
		}
	}
	r.Judged = func(t *device.Thing, err error) error {
		switch {
		case err == nil:
			fmt.Fprintf(con.err, "%s: legitimate\n", name(t))
		case errors.Is(err, genuine.ErrNotLegitimate):
			fmt.Fprintf(con.err, "%s: NOT LEGITIMATE, left out\n", name(t))
		default:
			fmt.Fprintf(con.err, "%s: %v\n", name(t), err)
			if !d.Each {
				return nil // the person is asked again
			}
		}
		return err
	}
	if d.Each {
		return r
	}
	r.Ask = func(ctx context.Context, t *device.Thing) error { return putOn(ctx, con, in, t) }
	return r
}

// putOn asks a person to put a thing on the instruments.
func putOn(ctx context.Context, con *console, in *lines, t *device.Thing) error {
	for {
		fmt.Fprintf(con.err, "%s: put it on, then Enter (s leaves it out, q ends): ", name(t))
		answer, err := in.read(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("nobody answers; --each asks nobody")
		case err != nil:
			return err
		}
		switch strings.TrimSpace(answer) {
		case "":
			return nil
		case "s":
			return device.ErrSkip
		case "q":
			return device.ErrEnd
		}
	}
}

func name(t *device.Thing) string { return fmt.Sprintf("%d %s", t.Place, t.Code) }

func (d *deviceRegisterCmd) print(con *console, done *device.Registered) {
	r := &done.Registration
	if done.Found {
		con.printf("sent by an earlier run: nothing was measured now\n")
	}
	con.printf("registration %s: %d marks for %s at %s, counter %d\n", r.ID, r.Size, r.Terms.To, r.Terms.Place, r.Terms.Counter)
	for _, p := range r.Terms.Ranges {
		con.printf("  packs %d-%d\n", p.From, p.To)
	}
	for _, t := range done.LeftOut {
		con.printf("  left out %s\n", name(&t))
	}
}
