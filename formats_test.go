package theriac_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/merkle"
)

const formats = "docs/formats.md"

// section returns what docs/formats.md has between two lines of a comment; with
// -update it is replaced.
func section(t *testing.T, name, want string) string {
	t.Helper()
	raw, err := os.ReadFile(formats)
	if err != nil {
		t.Fatal(err)
	}
	from, to := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, found := strings.Cut(string(raw), from)
	got, after, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("%s has no section %s", formats, name)
	}
	if *update {
		if err := os.WriteFile(formats, []byte(before+from+want+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return want
	}
	return got
}

// Every reason to refuse stands in docs/formats.md, with its text and package,
// and no other does.
func TestFormatsListsRefusals(t *testing.T) {
	rows := refusals(t)
	if len(rows) < 80 {
		t.Fatalf("found %d refusals: the test looks in the wrong place", len(rows))
	}
	want := "| code | text | package |\n|---|---|---|\n" + strings.Join(rows, "")
	if got := section(t, "refusals", want); got != want {
		for _, r := range rows {
			if !strings.Contains(got, r) {
				t.Errorf("%s lacks: %s", formats, r)
			}
		}
		for r := range strings.Lines(got) {
			if !strings.Contains(want, r) {
				t.Errorf("%s has, and no package: %s", formats, r)
			}
		}
		t.Error("mend it with go test . -update")
	}
}

// refusals returns a row for each call of refusal.New in the module's product files.
func refusals(t *testing.T) []string {
	t.Helper()
	var rows []string
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "tools" || d.Name() == "node_modules" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(name))
		if pkg == "." {
			pkg = "theriac"
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if code, text, ok := declared(n); ok {
				rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", code, text, pkg))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

// declared returns the arguments of a call of refusal.New.
func declared(n ast.Node) (code, text string, ok bool) {
	call, is := n.(*ast.CallExpr)
	if !is || len(call.Args) != 2 {
		return "", "", false
	}
	sel, is := call.Fun.(*ast.SelectorExpr)
	if !is || sel.Sel.Name != "New" {
		return "", "", false
	}
	if x, is := sel.X.(*ast.Ident); !is || x.Name != "refusal" {
		return "", "", false
	}
	var args [2]string
	for i, a := range call.Args {
		lit, is := a.(*ast.BasicLit)
		if !is {
			return "", "", false
		}
		args[i], _ = strconv.Unquote(lit.Value)
	}
	return args[0], args[1], true
}

// Every domain tag that is hashed into evidence or by the ledger stands in
// docs/formats.md, and every kind of transaction and record.
func TestFormatsNamesEveryTag(t *testing.T) {
	raw, err := os.ReadFile(formats)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	found := 0
	quoted := regexp.MustCompile(`"(theriac/[a-z-]+/1|[a-z]+/)"|Kind = ("[a-z-]+")|Type\w* += "([a-z]+/1)"`)
	for _, pattern := range []string{"*.go", "chain/*.go", "envelope/*.go", "genuine/*.go", "pedigree/*.go", "internal/ledger/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(src), -1) {
				found++
				if word := strings.Trim(m[1]+m[2]+m[3], `"`); !strings.Contains(page, word) {
					t.Errorf("%s: %s is not in %s", name, word, formats)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d tags: the test looks in the wrong place", found)
	}
}

// The worked example is what the product computes.
func TestFormatsExample(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(bundles, "genuine.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&lines, "    %-34s %v\n", name, value) }
	p := &b.Pack.Pack
	line("pack", fmt.Sprintf("GTIN %s, serial %s, lot %s, expiry %s, salt %s", p.GTIN, p.Serial, p.Lot, p.Expiry, p.Salt))
	line("pack digest", p.Digest())
	line("leaf in the batch", canon.Digest(p.Leaf()))
	line("batch of 4000000000037", chain.BatchID("4000000000037", p.GTIN, p.Lot))

	x := &b.Exchanges[0]
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		t.Fatal(err)
	}
	line("exchange 1: signing input", e.Signature().Digest)
	line("exchange 1: kid", e.Signature().KeyID)
	for i := range x.Body {
		f := x.Body[i : i+1].Disclose()
		line(fmt.Sprintf("exchange 1: hash of field %d", i), f[0].Hash)
	}
	line("exchange 1: body_digest", x.Body.Digest())
	line("exchange 1: BC", e.Digest())
	line("exchange 1: bc_paper", e.PaperDigest())
	tx := rebuilt(t, x, e)
	line("exchange 1: anchoring transaction", fmt.Sprintf("%s, %d bytes", canon.Sum(tx), len(tx)))
	op := chain.Operation(e.Claims.Audience, x.Anchor.ID)
	line("exchange 1: operation", op)
	leaf := chain.Leaf{Height: x.Leaf.Height, Operation: op, Outcome: chain.Applied, Time: x.Leaf.Time, Tx: canon.Sum(tx)}
	line(fmt.Sprintf("exchange 1: leaf %d of the log", x.Leaf.Index), canon.Digest(leaf.Hash()))

	r := &b.State[1]
	line("record", string(r.Key))
	line("path of the record", canon.Digest(merkle.Path(r.Key)))
	line("hash of its value", canon.Digest(merkle.ValueHash(r.Value)))
	line("app hash", b.Root.AppHash())
	line("header hash", b.Chain[0].Header.Hash())
	if got := section(t, "example", lines.String()); got != lines.String() {
		t.Errorf("%s has\n%swant\n%smend it with go test . -update", formats, got, lines.String())
	}
}

// rebuilt returns the transaction that anchored an exchange, as docs/formats.md
// says that it is rebuilt.
func rebuilt(t *testing.T, x *theriac.Exchange, e *envelope.Envelope) []byte {
	t.Helper()
	body, err := canon.CBOR(x.Body)
	if err != nil {
		t.Fatal(err)
	}
	arg, err := canon.CBOR(chain.Exchange{Message: e.Raw(), Body: body, Paper: x.Anchor.Paper})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := canon.CBOR(chain.Tx{
		Chain: "theriac-test", Kind: chain.KindExchange, Sender: e.Claims.Audience, ID: x.Anchor.ID, Time: x.Anchor.Time, Body: arg,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := envelope.AssembleSign1(x.Anchor.KeyID, chain.TxType, payload, [64]byte(x.Anchor.Signature))
	if _, err := theriac.NewExchange(raw, 0, &chain.Leaf{}); err != nil {
		t.Fatal(err)
	}
	return raw
}
