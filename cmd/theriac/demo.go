package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"theriac"
	"theriac/api"
	"theriac/client"
	"theriac/gs1"
	"theriac/internal/journey"
	"theriac/refusal"
)

type demoCmd struct {
	Data       string `required:"" help:"Folder for all organisations of the story; it can be used again." placeholder:"DIR"`
	Serve      bool   `help:"Keep serving the organisations' APIs until Ctrl-C."`
	Validators int    `help:"Validators to run, 1 to 7; counts when the folder is new." default:"1"`
	Packs      uint64 `help:"Packs in the batch." default:"1000"`
	Listen     string `help:"Address of the pharmacy's API." default:"127.0.0.1:8080"`
	Verbose    bool   `help:"Print the organisations' logs."`
}

// Help implements kong.HelpProvider.
func (demoCmd) Help() string {
	return `A consortium of seven organisations registers, a medicine is developed, approved,
made, distributed and delivered, and its evidence is verified offline: DIR/bundle.json
with DIR/trust.json. Each organisation has its own keys, store and listener; the
ledger runs in this process.

  theriac demo --data demo
  theriac verify --trust demo/trust.json demo/bundle.json
  theriac demo --data demo --serve`
}

func (d *demoCmd) Run(ctx context.Context, con *console) error {
	if d.Packs == 0 {
		return errors.New("a batch has packs: --packs 1 or more")
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return err
	}
	level := slog.LevelError
	if d.Verbose {
		level = slog.LevelInfo
	}
	begin := time.Now()
	tell := func(step, evidence string) {
		con.printf("%6.2fs  %-66s %s\n", time.Since(begin).Seconds(), step, evidence)
	}
	stage, err := journey.Open(ctx, journey.StageConfig{
		Dir: d.Data, Validators: d.Validators, Listen: d.Listen, Version: version, Tell: tell,
		Log: slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	err = d.play(ctx, con, stage, tell)
	if err == nil && d.Serve {
		err = d.serve(ctx, con, stage)
	}
	return errors.Join(err, stage.Close())
}

// play tells the story, and then what can go wrong.
func (d *demoCmd) play(ctx context.Context, con *console, stage *journey.Stage, tell func(step, evidence string)) error {
	lab, err := journey.OpenLab(ctx, filepath.Join(d.Data, "devices"), &stage.Cast, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	story := &journey.Story{Cast: stage.Cast, Packs: d.Packs, Codes: true, Tell: tell, Lab: lab, Progress: bar(con, "packs")}
	if err := errors.Join(story.Run(ctx), lab.Close()); err != nil {
		return err
	}
	code, err := story.Scan(ctx, 0)
	if err != nil {
		return err
	}
	raw, err := d.prove(ctx, con, stage, code, tell)
	if err != nil {
		return err
	}
	if err := d.tamper(con, stage, code, raw, tell); err != nil {
		return err
	}
	if err := d.copied(ctx, stage, story, tell); err != nil {
		return err
	}
	return d.foreign(ctx, con, stage, tell)
}

// prove takes the evidence of a pack away and verifies it offline.
func (d *demoCmd) prove(ctx context.Context, con *console, stage *journey.Stage, code string, tell func(string, string)) ([]byte, error) {
	raw, err := stage.Cast.Pharmacy.API.Bundle(ctx, code)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(d.Data, "bundle.json")
	if err := writeFile(name, raw); err != nil {
		return nil, err
	}
	tell("evidence of "+code, fmt.Sprintf("%s, %d bytes", name, len(raw)))
	verdict, err := judge(code, stage.Trust, raw)
	if err != nil {
		return nil, err
	}
	printVerdict(con, verdict)
	if verdict.Verdict != theriac.Genuine {
		return nil, fmt.Errorf("the story's own pack is %s: %s", verdict.Verdict, verdict.Reason)
	}
	return raw, nil
}

// judge verifies evidence of the pack whose code was scanned.
func judge(code string, trust, raw []byte) (*theriac.Verdict, error) {
	t, err := theriac.ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	scanned, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		return nil, err
	}
	v := b.VerifyCode(scanned, t, time.Now())
	return &v, nil
}

// tamper changes one byte of what the supplier signed.
func (d *demoCmd) tamper(con *console, stage *journey.Stage, code string, raw []byte, tell func(string, string)) error {
	bent := bytes.Replace(raw, []byte("2026-10-01"), []byte("2026-10-02"), 1)
	if bytes.Equal(bent, raw) {
		return errors.New("the evidence does not hold the supplier's production date")
	}
	tell("one byte of the supplier's message is changed", "production date 2026-10-01 → 2026-10-02")
	verdict, err := judge(code, stage.Trust, bent)
	if err != nil {
		return err
	}
	con.printf("          → %s: step %s, blamed: %s, proven: %v\n          → %s\n", verdict.Verdict, verdict.Step, verdict.Blame, verdict.Proven, verdict.Reason)
	if verdict.Verdict != theriac.Refused {
		return fmt.Errorf("changed evidence is %s", verdict.Verdict)
	}
	return nil
}

// copied dispenses a pack, and then a copy of its code elsewhere.
func (d *demoCmd) copied(ctx context.Context, stage *journey.Stage, story *journey.Story, tell func(string, string)) error {
	if d.Packs < 2 {
		return nil
	}
	code, err := story.Scan(ctx, 1)
	if err != nil {
		return err
	}
	done, err := story.Dispense(ctx, &stage.Cast.Pharmacy, code)
	if err != nil {
		return fmt.Errorf("dispense: %w", err)
	}
	tell("pharmacy dispenses "+code, fmt.Sprintf("leaf %d", done.Index))
	_, err = story.Dispense(ctx, &stage.Cast.Hospital, code)
	if refusal.Code(err) != "already_dispensed" {
		return fmt.Errorf("a second dispense: %w", err)
	}
	tell("hospital dispenses a copy of the same code: refused", err.Error())
	return nil
}

// foreign captures somebody else's document and traces a pack of it.
func (d *demoCmd) foreign(ctx context.Context, con *console, stage *journey.Stage, tell func(string, string)) error {
	doc, pack := journey.ForeignDocument(time.Now())
	c := stage.Cast.Pharmacy.API
	got, err := c.Capture(ctx, "application/ld+json", doc)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	tell("pharmacy captures another company's EPCIS document", fmt.Sprintf("%d events, leaf %d, digest %s", got.Events, got.Index, got.Digest))
	trail, err := client.Get[api.Trail](ctx, c, "/v1/trace", url.Values{"id": {pack}})
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	var steps []string
	for _, e := range trail.Events {
		steps = append(steps, e.BizStep)
	}
	raw, err := c.Bundle(ctx, pack)
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	verdict, err := judge(pack, stage.Trust, raw)
	if err != nil {
		return err
	}
	tell("trace of "+pack, strings.Join(steps, ", ")+"; verdict "+string(verdict.Verdict))
	if verdict.Verdict != theriac.Captured {
		return fmt.Errorf("a captured pack is %s: %s", verdict.Verdict, verdict.Reason)
	}
	return nil
}

// serve keeps the stage until somebody stops it.
func (d *demoCmd) serve(ctx context.Context, con *console, stage *journey.Stage) error {
	con.printf("\nAPIs (OpenAPI at /openapi.json, operators' tokens in %s/*/token):\n", d.Data)
	c := stage.Cast
	folders := map[string]string{
		c.Pharmacy.GLN: "pharmacy", c.Hospital.GLN: "hospital", c.Distributor.GLN: "distributor", c.Manufacturer.GLN: "manufacturer",
		c.Supplier.GLN: "supplier", c.Administration.GLN: "administration", c.Governor.GLN: "office",
	}
	for _, a := range actors(c) {
		con.printf("  %-28s %-20s GLN %s\n", a.Endpoint, a.Name, a.GLN)
		forget, err := leaveNote(a.Endpoint, filepath.Join(d.Data, folders[a.GLN], "token"))
		if err != nil {
			return err
		}
		defer forget()
	}
	con.printf("\nConsoles (an invitation registers the first administrator's passkey, once):\n")
	for _, a := range actors(c) {
		if err := welcome(ctx, con, a, filepath.Join(d.Data, folders[a.GLN])); err != nil {
			return fmt.Errorf("console of %s: %w", a.Name, err)
		}
	}
	con.printf("Ctrl-C stops.\n")
	<-ctx.Done()
	return nil
}
