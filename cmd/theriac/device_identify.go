package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"theriac/canon"
	"theriac/client"
	"theriac/internal/device"
	"theriac/refusal"
)

type deviceIdentifyCmd struct {
	home
	Device       string `required:"" help:"Address of the measuring device." placeholder:"URL"`
	Place        string `required:"" help:"GLN of where this is."`
	Registration string `help:"That the thing is to be identified by; a case needs it, others have one." placeholder:"ID"`
	Index        uint64 `help:"Of its mark in that registration."`
	Code         string `arg:"" help:"What was scanned on the thing: a GS1 code in any form."`
}

// Help implements kong.HelpProvider.
func (deviceIdentifyCmd) Help() string {
	return `Put the thing on the measuring device first. Exit status: 0 verified, 1 refused, 2 usage,
3 it could not be checked (device or server did not answer, an instrument failed).

  theriac device identify --device http://127.0.0.1:8090 --place 9521141001035 '(01)09521141200018(21)6VJ3M8Q2X0'`
}

func (d *deviceIdentifyCmd) Run(ctx context.Context, con *console) error {
	id, err := d.registration()
	if err != nil {
		con.report(err)
		return exit(exitUsage)
	}
	office, err := d.client()
	if err != nil {
		return undone(con, err)
	}
	meter, err := client.New(d.Device, "")
	if err != nil {
		con.report(err)
		return exit(exitUsage)
	}
	x := &device.Identification{Office: office, Meter: meter, Place: d.Place}
	done, err := x.Identify(ctx, d.Code, id, d.Index)
	if err != nil {
		if d.JSON {
			if err := printJSON(con.out, map[string]string{"code": refusal.Code(err), "detail": err.Error()}); err != nil {
				return err
			}
		}
		return undone(con, err)
	}
	if d.JSON {
		return printJSON(con.out, done)
	}
	con.printf("VERIFIED  %s\n  registered   by %s, counter %d\n  measured     by %s at %s\n  on ledger    leaf %d, %s\n", done.Code, done.From,
		done.Counter, done.Device, done.Place, done.Done.Index, time.UnixMilli(done.Done.Time).UTC().Format(time.RFC3339))
	return nil
}

func (d *deviceIdentifyCmd) registration() (canon.Digest, error) {
	switch {
	case d.Registration != "":
		return canon.ParseDigest(d.Registration)
	case d.Index > 0:
		return canon.Digest{}, errors.New("--index is of a --registration")
	}
	return canon.Digest{}, nil
}

// against are the codes that speak against the thing, or the device that measured it,
// and not of something that could not be asked.
var against = []string{
	"already_verified", "another_thing", "bad_proof", "label_mismatch", "not_legitimate", "superseded", "unknown_device",
	"unknown_serial", "wrong_consignee", "wrong_place",
}

// undone reports why a thing was not verified, with the status that says whether that
// speaks against it.
func undone(con *console, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if slices.Contains(against, refusal.Code(err)) {
		con.printf("REFUSED  %v\n", err)
		return exit(exitRefused)
	}
	con.report(err)
	if code := refusal.Code(err); code == "bad_identifier" || code == "bad_request" {
		return exit(exitUsage)
	}
	return exit(exitUndecided)
}
