package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/gs1"
)

func writeFile(name string, raw []byte) error { return os.WriteFile(name, raw, 0o600) }

// bar shows the progress of long work on the error output; it says nothing where
// nobody looks.
func bar(con *console, what string) func(done, total uint64) {
	var b *progressbar.ProgressBar
	return func(done, total uint64) {
		if f, ok := con.err.(*os.File); !ok || !terminal(f) {
			return
		}
		if b == nil {
			b = progressbar.NewOptions64(int64(total), progressbar.OptionSetWriter(con.err), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
		}
		// A bar that cannot be drawn is no reason to stop.
		_ = b.Set64(int64(done))
	}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type batchCmd struct {
	Release batchReleaseCmd `cmd:"" help:"Make the packs of a batch and release it."`
	Packs   batchPacksCmd   `cmd:"" help:"Print what is printed on the packs of a batch."`
	Labels  batchLabelsCmd  `cmd:"" help:"Write labels for the packs of a batch to PDF files."`
	Recall  batchRecallCmd  `cmd:"" help:"Recall, withdraw or release a batch or product."`
}

type batchReleaseCmd struct {
	server
	GTIN        string   `required:"" help:"Product."`
	Lot         string   `required:"" help:"Lot."`
	Expiry      string   `required:"" help:"Last day of use, YYYY-MM-DD."`
	Certificate string   `required:"" help:"Number of the certificate."`
	Site        string   `required:"" help:"GLN of the site."`
	Material    []string `required:"" help:"Anchor of a supply of material; may be repeated."`
	Input       []string `required:"" help:"Lot of material, (01)…(10)…; may be repeated."`
	Size        uint64   `help:"So many random serial numbers; or"`
	Serials     string   `help:"a file of serial numbers, one a line." placeholder:"FILE"`
	Codes       bool     `help:"Packs get concealed codes, which batch labels --codes prints."`
	Key         string   `help:"Names the job: started again under the same name, it is found." placeholder:"NAME"`
}

// Help implements kong.HelpProvider.
func (batchReleaseCmd) Help() string {
	return `  theriac batch release --gtin 09521141200018 --lot T26A --expiry 2029-03-31 --certificate DE/2026/0001 \
    --site 9521141001028 --material BC --input '(01)09521141100011(10)ASA-2026-07' --size 1000000`
}

func (b *batchReleaseCmd) Run(ctx context.Context, con *console) error {
	c, err := b.client()
	if err != nil {
		return err
	}
	r := api.Release{
		Certificate: b.Certificate, Expiry: b.Expiry, GTIN: gs1.GTIN(b.GTIN), Lot: gs1.Lot(b.Lot), Site: gs1.GLN(b.Site), Size: b.Size,
		Codes: b.Codes,
	}
	for _, m := range b.Material {
		bc, err := canon.ParseDigest(m)
		if err != nil {
			return fmt.Errorf("material: %w", err)
		}
		r.Materials = append(r.Materials, bc)
	}
	for _, in := range b.Input {
		id, err := gs1.ParseIdentifier(in, time.Now())
		if err != nil {
			return fmt.Errorf("input: %w", err)
		}
		lot, err := id.LGTIN()
		if err != nil {
			return fmt.Errorf("input: %w", err)
		}
		r.Inputs = append(r.Inputs, lot)
	}
	if b.Serials != "" {
		raw, err := readFile(b.Serials)
		if err != nil {
			return err
		}
		for _, s := range strings.Fields(string(raw)) {
			r.Serials = append(r.Serials, gs1.Serial(s))
		}
	}
	j, err := client.Post[api.Job](ctx, c, "/v1/batches", b.Key, r)
	if err != nil {
		return err
	}
	progress := bar(con, "packs")
	j, err = c.Watch(ctx, j.ID.String(), func(j api.Job) { progress(j.Done, j.Total) })
	if err != nil {
		return err
	}
	if j.State != "done" {
		return fmt.Errorf("%s: %s", j.Code, j.Detail)
	}
	return b.show(con, j, func() { con.printf("batch %s: %d packs released\n", j.Result, j.Total) })
}

type batchPacksCmd struct {
	server
	Batch string `arg:"" help:"The batch."`
	From  uint64 `help:"First pack, by its place in the batch."`
	Limit uint64 `help:"How many." default:"100"`
}

func (b *batchPacksCmd) Run(ctx context.Context, con *console) error {
	return ask(&b.server, con, get[[]api.Printed](ctx, "/v1/batches/"+url.PathEscape(b.Batch)+"/packs",
		url.Values{"from": {fmt.Sprint(b.From)}, "limit": {fmt.Sprint(b.Limit)}}), func(packs *[]api.Printed) {
		for _, p := range *packs {
			con.printf("%d\t%s\n", p.Index, p.Code)
		}
	})
}

type batchRecallCmd struct {
	server
	Batch  string `help:"The batch; or"`
	GTIN   string `help:"a product, with all its batches."`
	Status string `help:"recalled, withdrawn, or released again." enum:"released,recalled,withdrawn" default:"recalled"`
	Reason string `required:"" help:"Why, for the ledger."`
}

func (b *batchRecallCmd) Run(ctx context.Context, con *console) error {
	return ask(&b.server, con, post[api.Done](ctx, "/v1/recalls", "", map[string]string{
		"batch": b.Batch, "gtin": b.GTIN, "status": b.Status, "reason": b.Reason,
	}), func(done *api.Done) { con.printf("%s: leaf %d at height %d\n", b.Status, done.Index, done.Height) })
}

type unitCmd struct {
	Dispense unitDispenseCmd `cmd:"" help:"Dispense a pack."`
	Move     unitMoveCmd     `cmd:"" help:"Move packs of one batch from one state to another, all or none."`
	Undo     unitUndoCmd     `cmd:"" help:"Take a move back, within ten days."`
}

type unitDispenseCmd struct {
	server
	Code []string `arg:"" help:"Scanned codes, all of one batch."`
}

func (u *unitDispenseCmd) Run(ctx context.Context, con *console) error {
	m := unitMoveCmd{server: u.server, From: "active", To: "dispensed", Code: u.Code}
	return m.Run(ctx, con)
}

type unitMoveCmd struct {
	server
	From string   `required:"" help:"State that the packs are in."`
	To   string   `required:"" help:"State that they go to: active, dispensed, destroyed, exported, sampled, locked, stolen, returned."`
	Code []string `arg:"" help:"Scanned codes, all of one batch."`
}

func (u *unitMoveCmd) Run(ctx context.Context, con *console) error {
	return ask(&u.server, con, post[api.Done](ctx, "/v1/moves", "", api.Move{Packs: u.Code, From: u.From, To: u.To}), func(done *api.Done) {
		con.printf("%d packs %s: operation %s, leaf %d, block time %d\n", len(u.Code), u.To, done.Operation, done.Index, done.Time)
	})
}

type unitUndoCmd struct {
	server
	Operation string   `arg:"" help:"Operation of the move."`
	Time      int64    `arg:"" help:"Block time of the move."`
	Units     []uint64 `required:"" help:"Places of the packs in the batch, rising."`
}

func (u *unitUndoCmd) Run(ctx context.Context, con *console) error {
	return ask(&u.server, con, post[api.Done](ctx, "/v1/undos", "", map[string]any{
		"operation": u.Operation, "time": u.Time, "units": chain.Ranges(u.Units),
	}), func(done *api.Done) { con.printf("undone: leaf %d at height %d\n", done.Index, done.Height) })
}
