package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"theriac/api"
)

type lineCmd struct {
	List lineListCmd `cmd:"" help:"This organisation's product lines."`
	Show lineShowCmd `cmd:"" help:"A product line, anybody's, with its devices."`
}

type lineListCmd struct{ server }

func (l *lineListCmd) Run(ctx context.Context, con *console) error {
	return ask(&l.server, con, get[api.Lines](ctx, "/v1/lines", nil), func(found *api.Lines) {
		for _, x := range found.Items {
			con.printf("%s  %s  epoch %d, %d devices\n", x.ID, x.GTIN, x.Epoch, len(x.Devices))
		}
	})
}

type lineShowCmd struct {
	server
	Line string `arg:"" help:"The line."`
}

func (l *lineShowCmd) Run(ctx context.Context, con *console) error {
	return ask(&l.server, con, get[api.Line](ctx, "/v1/lines/"+url.PathEscape(l.Line), nil), func(x *api.Line) {
		con.printf("line %s of %s by %s\nepoch %d since %s, criteria %s\n", x.ID, x.GTIN, x.Maker, x.Epoch, stamp(x.At), x.Criteria)
		for _, d := range x.Devices {
			con.printf("  device %s at %s\n", d.ID, d.Operator)
		}
	})
}

// stamp writes the time of a block.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

type registrationCmd struct {
	List registrationListCmd `cmd:"" help:"Registrations that concern this organisation, the newest first."`
	Show registrationShowCmd `cmd:"" help:"A registration, anybody's, or one mark of it."`
}

type registrationListCmd struct {
	server
	Direction string `help:"in: for this organisation; out: made by it; line: of its product lines, every hop." enum:"in,out,line" default:"in"`
	Limit     int    `help:"How many." default:"50"`
}

func (r *registrationListCmd) Run(ctx context.Context, con *console) error {
	q := url.Values{"direction": {r.Direction}, "limit": {fmt.Sprint(r.Limit)}}
	return ask(&r.server, con, get[api.Registrations](ctx, "/v1/registrations", q), func(found *api.Registrations) {
		for i := range found.Items {
			x := &found.Items[i]
			con.printf("%s  %s → %s  %s, counter %d  %s\n", x.ID, x.From, x.Terms.To, things(x), x.Terms.Counter, verified(x))
		}
		if found.Next != "" {
			con.printf("… there are more: --limit\n")
		}
	})
}

// things says what a registration is of.
func things(r *api.Registration) string {
	t := &r.Terms
	switch {
	case t.Material != nil:
		return fmt.Sprintf("material (01)%s(10)%s", t.Material.GTIN, t.Material.Lot)
	case t.Whole:
		return "one thing of batch " + t.Batch.String()
	}
	return fmt.Sprintf("%d packs of batch %s", r.Size, t.Batch)
}

func verified(r *api.Registration) string {
	more := ""
	if r.More {
		more = " or more"
	}
	return fmt.Sprintf("verified %d%s of %d", r.Verified, more, r.Size)
}

type registrationShowCmd struct {
	server
	Registration string  `arg:"" help:"The registration."`
	Mark         *uint64 `help:"Show this mark: its leaf, and whether it was verified." placeholder:"INDEX"`
}

// Help implements kong.HelpProvider.
func (registrationShowCmd) Help() string {
	return `What the ledger has, from any organisation's server. A mark's path to the root is in --json.

  theriac registration show -- REGISTRATION
  theriac registration show --mark 17 -- REGISTRATION`
}

func (r *registrationShowCmd) Run(ctx context.Context, con *console) error {
	path := "/v1/registrations/" + url.PathEscape(r.Registration)
	if r.Mark != nil {
		return ask(&r.server, con, get[api.Mark](ctx, fmt.Sprintf("%s/marks/%d", path, *r.Mark), nil), func(m *api.Mark) {
			if m.Verified == 0 {
				con.printf("mark %s is not verified\n", m.Leaf)
				return
			}
			con.printf("mark %s was verified at %s by device %s\n", m.Leaf, stamp(m.Verified), m.Device)
		})
	}
	return ask(&r.server, con, get[api.Registration](ctx, path, nil), func(x *api.Registration) {
		con.printf("registration %s, counter %d, %s\n", x.ID, x.Terms.Counter, stamp(x.At))
		con.printf("%s\nfrom %s to %s, expected at %s\n", things(x), x.From, x.Terms.To, x.Terms.Place)
		con.printf("line %s, epoch %d, device %s\nroot %s\n", x.Terms.Line, x.Terms.Epoch, x.Device, x.Terms.Root)
		for _, before := range x.Before {
			con.printf("replaces %s\n", before)
		}
		if !x.Message.IsZero() {
			con.printf("came with %s\n", x.Message)
		}
		con.printf("%s\n", verified(x))
	})
}
