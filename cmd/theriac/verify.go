package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"theriac"
)

type verifyCmd struct {
	Trust  string    `required:"" help:"The trust root that you pin: a file as trust.json of the demo." placeholder:"FILE"`
	Bundle string    `arg:"" help:"The evidence: a bundle file, or - for standard input."`
	JSON   bool      `help:"Print the verdict as JSON."`
	At     time.Time `help:"Judge as of this time instead of now." placeholder:"RFC3339"`
}

// Help implements kong.HelpProvider.
func (verifyCmd) Help() string {
	return `Nothing is asked of any server. Exit status: 0 genuine, 1 refused, 2 usage or
unreadable, 3 cannot be decided (captured only, or too old).

  theriac verify --trust trust.json bundle.json
  curl -s 'http://127.0.0.1:8080/v1/bundles?id=…' | theriac verify --trust trust.json -`
}

func (v *verifyCmd) Run(con *console) error {
	unreadable := func(err error) error {
		fmt.Fprintln(con.err, "theriac:", err)
		return exit(exitUsage)
	}
	raw, err := os.ReadFile(v.Trust)
	if err != nil {
		return unreadable(err)
	}
	trust, err := theriac.ParseTrust(raw)
	if err != nil {
		return unreadable(fmt.Errorf("%s: %w", v.Trust, err))
	}
	evidence, err := readFile(v.Bundle)
	if err != nil {
		return unreadable(err)
	}
	bundle, err := theriac.ParseBundle(evidence)
	if err != nil {
		return unreadable(fmt.Errorf("%s: %w", v.Bundle, err))
	}
	now := v.At
	if now.IsZero() {
		now = time.Now()
	}
	verdict := bundle.Verify(trust, now)
	if v.JSON {
		if err := printJSON(con.out, verdict); err != nil {
			return err
		}
	} else {
		printVerdict(con, &verdict)
	}
	return outcome(&verdict)
}

func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, theriac.MaxBundle+1))
	}
	return os.ReadFile(name)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// outcome turns a verdict into an exit status.
func outcome(v *theriac.Verdict) error {
	switch v.Verdict {
	case theriac.Genuine:
		return nil
	case theriac.Refused:
		return exit(exitRefused)
	}
	return exit(exitUndecided)
}

// printVerdict prints a verdict for people: what to do first, then why.
func printVerdict(con *console, v *theriac.Verdict) {
	words := map[theriac.Outcome]string{
		theriac.Genuine: "GENUINE", theriac.Refused: "DO NOT USE",
		theriac.Captured: "CAPTURED: approval unproven", theriac.CannotCheck: "CANNOT CHECK",
	}
	f := &v.Facts
	pack := ""
	if f.SGTIN.Serial != "" {
		pack = fmt.Sprintf("  %s lot %s expiry %s", f.SGTIN, f.Lot, f.Expiry)
	}
	con.printf("%s%s\n", words[v.Verdict], pack)
	if v.Reason != "" {
		con.printf("  why          %s\n", v.Reason)
	}
	if v.Step != "" && v.Verdict == theriac.Refused {
		blame, proof := v.Blame, "not proven"
		if blame == "" {
			blame = "nobody"
		}
		if v.Proven {
			proof = "proven by its own signature"
		}
		con.printf("  step         %s; blamed: %s (%s)\n", v.Step, blame, proof)
	}
	if c := f.Certificate; c != nil {
		s := &c.Subject
		con.printf("  product      %s %s, %s %s\n", s.Name, s.Strength, s.Substance, s.Form)
		con.printf("  certificate  %s by %s\n", s.Number, f.Name(c.IssuerGLN()))
	}
	for _, m := range f.Materials {
		con.printf("  material     %s\n", m)
	}
	if f.Custodian != "" {
		con.printf("  pack         %s, with %s\n", f.State, f.Name(f.Custodian))
	}
	printMeasured(con, f)
	for _, a := range f.Alerts {
		con.printf("  ALERT        %s, raised by %s at %s\n", a.Code, f.Name(a.By), a.At.UTC().Format(time.RFC3339))
	}
	for _, x := range f.Exchanges {
		con.printf("  %s  %-10s  %s → %s\n", x.At.UTC().Format("2006-01-02 15:04:05"), strings.TrimSuffix(x.Type, "/1"), f.Name(x.From), f.Name(x.To))
	}
	for _, c := range v.Checks {
		mark := "ok"
		if !c.OK {
			mark = "FAILED"
		}
		con.printf("  %-6s  %-12s %s\n", mark, c.Step, c.Check)
	}
}
