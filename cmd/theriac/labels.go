package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"theriac/client"
	"theriac/internal/label"
	"theriac/internal/supply"
)

type batchLabelsCmd struct {
	server
	Batch     string `arg:"" help:"The batch."`
	From      uint64 `help:"First pack, by its place in the batch."`
	Count     uint64 `help:"How many." default:"24"`
	Sheet     string `help:"Labels on an A4 page: 2x7 of 99.1 × 38.1 mm, 3x8 of 70 × 37 mm, 5x13 of 38.1 × 21.2 mm; or roll, one of 57 × 32 mm a page." default:"3x8"`
	Symbol    string `help:"datamatrix, or qr with the Digital Link of the organisation's server." default:"datamatrix"`
	Concealed bool   `help:"Leave a framed field for a code under a scratch-off layer." xor:"second"`
	Codes     bool   `help:"Print the concealed codes on a second part, which is to be covered." xor:"second"`
	Out       string `help:"File to write. Many labels go into several files, with the place of the first pack in their names." default:"labels.pdf" placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (batchLabelsCmd) Help() string {
	return `Print them at 100 %, not fitted to the page. Who has labels can make packs look genuine:
the files are readable by you alone, and the printing is booked. With --codes they hold
what patients are to find under the coating: cover that part, and delete the files.

  theriac batch labels BATCH --count 240 --sheet 3x8 --out labels.pdf
  theriac batch labels BATCH --from 10000 --count 90000 --sheet roll --symbol qr --out roll.pdf`
}

func (b *batchLabelsCmd) Run(ctx context.Context, con *console) error {
	sheet, err := label.ParseSheet(b.Sheet)
	if err != nil {
		return err
	}
	c, err := b.client()
	if err != nil {
		return err
	}
	// Whole pages, so that stock is left empty at the very end only.
	most := uint64(supply.MaxLabels / sheet.PerPage() * sheet.PerPage())
	progress := bar(con, "labels")
	var files []string
	for done := uint64(0); done == 0 || done < b.Count; {
		n := min(b.Count-done, most)
		pdf, err := b.print(ctx, c, b.From+done, n)
		if err != nil {
			return err
		}
		name := b.Out
		if b.Count > most {
			ext := filepath.Ext(name)
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), b.From+done, ext)
		}
		if err := writeFile(name, pdf); err != nil {
			return err
		}
		files = append(files, name)
		done += n
		progress(done, b.Count)
	}
	return b.show(con, files, func() { con.printf("%d labels in %s\n", b.Count, strings.Join(files, ", ")) })
}

// print asks for the labels of some packs.
func (b *batchLabelsCmd) print(ctx context.Context, c *client.Client, from, count uint64) ([]byte, error) {
	path := "/v1/batches/" + url.PathEscape(b.Batch) + "/labels"
	if b.Codes {
		return c.PostRaw(ctx, path, map[string]any{"from": from, "count": count, "sheet": b.Sheet, "symbol": b.Symbol})
	}
	return c.Raw(ctx, path, url.Values{
		"from": {fmt.Sprint(from)}, "count": {fmt.Sprint(count)}, "sheet": {b.Sheet}, "symbol": {b.Symbol}, "concealed": {fmt.Sprint(b.Concealed)},
	})
}
