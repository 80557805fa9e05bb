package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"theriac"
	"theriac/api"
	"theriac/client"
	"theriac/gs1"
	"theriac/refusal"
)

type captureCmd struct {
	server
	Files []string `arg:"" name:"file" help:"EPCIS documents: 2.0 JSON-LD, or XML 1.2 or 2.0; - for standard input."`
}

// Help implements kong.HelpProvider.
func (captureCmd) Help() string {
	return `The exact bytes are kept and their digest is anchored on the ledger. Lots that a
document commissions become batches, whose packs can be traced and verified; as
no certificate proves an approval, their verdict is "captured", never genuine.

  theriac capture --server http://127.0.0.1:8080 shipment.xml`
}

func (c *captureCmd) Run(ctx context.Context, con *console) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	for _, name := range c.Files {
		raw, err := readFile(name)
		if err != nil {
			return err
		}
		got, err := api.Capture(ctx, "application/octet-stream", raw)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		err = c.show(con, got, func() {
			con.printf("%s: %d events, %d batches; anchored as leaf %d at height %d, digest %s\n",
				name, got.Events, len(got.Batches), got.Index, got.Height, got.Digest)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type traceCmd struct {
	server
	Trust      string `help:"The trust root that you pin. Without it the server's own is used, and said so." placeholder:"FILE"`
	Save       string `help:"Keep the evidence of the pack in this file." placeholder:"FILE"`
	Identifier string `arg:"" help:"A GS1 code in any form: element string, Digital Link, EPC URN."`
}

// Help implements kong.HelpProvider.
func (traceCmd) Help() string {
	return `Exit status as that of verify, if the identifier is a pack's; 3 for others.

  theriac trace --server http://127.0.0.1:8080 'urn:epc:id:sgtin:030001.0012345.11'
  theriac trace --trust trust.json '(01)09521141200018(21)6VJ3M8Q2X0'`
}

// A traced is what trace prints as JSON.
type traced struct {
	Trail   *api.Trail       `json:"trail"`
	Verdict *theriac.Verdict `json:"verdict,omitempty"`
	Pinned  bool             `json:"pinned"` // the trust root came from the verifier
}

func (t *traceCmd) Run(ctx context.Context, con *console) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	trust, err := t.trust(ctx, c)
	if err != nil {
		return undecided(con, err)
	}
	trail, err := client.Get[api.Trail](ctx, c, "/v1/trace", url.Values{"id": {t.Identifier}})
	if err != nil {
		return undecided(con, err)
	}
	out := traced{Trail: trail, Pinned: t.Trust != ""}
	if trail.Pack {
		// Of a product that nobody here makes there are others' events at most.
		if out.Verdict, err = t.verify(ctx, c, trust); err != nil && refusal.Code(err) != "not_found" {
			return undecided(con, err)
		}
	}
	if err := t.show(con, out, func() { t.print(con, &out) }); err != nil {
		return err
	}
	if out.Verdict == nil {
		return exit(exitUndecided)
	}
	return outcome(out.Verdict)
}

// undecided reports an error that is no verdict with a status that is none. What
// speaks against the pack is the maker's word that there is none such, and a label
// that says otherwise than its batch.
func undecided(con *console, err error) error {
	status := exit(exitUndecided)
	switch refusal.Code(err) {
	case "unknown_serial", "label_mismatch":
		return err
	case "bad_identifier", "bad_request":
		status = exitUsage
	}
	con.report(err)
	return status
}

// verify gets the evidence of the pack and verifies it here.
func (t *traceCmd) verify(ctx context.Context, c *client.Client, trust theriac.Trust) (*theriac.Verdict, error) {
	// The server may know more spellings than we do, but it is not believed about
	// which pack was scanned.
	code, err := gs1.ParseIdentifier(t.Identifier, time.Now())
	if err != nil {
		return nil, err
	}
	raw, err := c.Bundle(ctx, t.Identifier)
	if err != nil {
		return nil, err
	}
	if t.Save != "" {
		if err := writeFile(t.Save, raw); err != nil {
			return nil, err
		}
	}
	bundle, err := theriac.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	v := bundle.VerifyCode(code, trust, time.Now())
	return &v, nil
}

func (t *traceCmd) trust(ctx context.Context, c *client.Client) (theriac.Trust, error) {
	var raw []byte
	var err error
	if t.Trust != "" {
		raw, err = readFile(t.Trust)
	} else {
		raw, err = c.Raw(ctx, "/v1/trust", nil)
	}
	if err != nil {
		return theriac.Trust{}, err
	}
	return theriac.ParseTrust(raw)
}

func (t *traceCmd) print(con *console, out *traced) {
	con.printf("%s\n", out.Trail.Identifier)
	for _, e := range out.Trail.Events {
		con.printf("  %s  %-20s %-16s %-14s %s  leaf %d, document %s event %d\n",
			e.Time, e.Type, e.BizStep, e.Disposition, e.ReadPoint, e.Index, e.Document, e.Event)
	}
	if len(out.Trail.Events) == 0 && out.Verdict == nil {
		con.printf("  no captured event concerns it\n")
	}
	if out.Verdict == nil && out.Trail.Pack {
		con.printf("CANNOT CHECK  neither a maker nor a captured document on this ledger vouches for it\n")
	}
	if out.Verdict != nil {
		printVerdict(con, out.Verdict)
		if !out.Pinned {
			con.printf("  note         the trust root is the server's own word; pin one with --trust\n")
		}
	}
}
