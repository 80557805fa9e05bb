package ledger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// A refused is a transaction that the ledger must not accept, with the code that
// it must give as the reason. The function may first bring the town to where the
// transaction is tempting.
type refused struct {
	name, code string
	tx         func(w *town) []byte
}

// contracts are the tables of refusals, each beside the other tests of its contract.
var contracts = []struct {
	name  string
	table []refused
}{
	{"open", openRefusals},
	{"propose", proposeRefusals},
	{"admit", admitRefusals},
	{"vote", voteRefusals},
	{"profile", profileRefusals},
	{"keys", keyRefusals},
	{"message", messageRefusals},
	{"prev", prevRefusals},
	{"content", contentRefusals},
	{"dossier", dossierRefusals},
	{"decision", decisionRefusals},
	{"distribution", distributionRefusals},
	{"dispatch", dispatchRefusals},
	{"status", statusRefusals},
	{"certificate", certificateRefusals},
	{"batch", batchRefusals},
	{"recall", recallRefusals},
	{"evidence", evidenceRefusals},
	{"units", unitRefusals},
	{"undo", undoRefusals},
	{"line", lineRefusals},
	{"registration", registrationRefusals},
	{"identify", identifyRefusals},
}

// Every contract refuses what it must, for the reason that it must name, and then
// nothing has changed.
func TestRefusals(t *testing.T) {
	base := newTown(t)
	for _, c := range contracts {
		t.Run(c.name, func(t *testing.T) {
			for _, tt := range c.table {
				t.Run(tt.name, func(t *testing.T) {
					w := base.fork(t)
					tx := tt.tx(w)
					w.Refuse(tt.code, tx)
				})
			}
		})
	}
}

// elsewhere are refusals that no transaction can provoke, and one that is an alert.
var elsewhere = map[string]string{
	"already_dispensed": "an alert: TestSecondDispense",
	"block_full":        "that of many transactions: TestBlockIsFull",
	"replayed":          "the receiver's, envelope.Receive",
	"missing_exchange":  "the third party's, pedigree.History",
	"contradiction":     "the third party's, pedigree.History",
	"label_mismatch":    "whoever's who scans, pedigree.Pack",
	"foreign_exchange":  "the third party's, pedigree.History",
	"bad_anchor":        "the third party's, pedigree.History",
	"bad_report":        "the desk's and the receiver's, pedigree.ParseReport",
	"bad_dossier":       "the administration's, pedigree.OpenDossier",
	"already_verified":  "an alert: TestMarkIsVerifiedOnce",
	"wrong_consignee":   "an alert: TestMarkIsVerifiedOnce",
	"wrong_place":       "an alert: TestMarkIsVerifiedOnce",
	"superseded":        "an alert: TestSupplierRegistersAnew",
	"already_redeemed":  "of a second transaction: TestRedeem",
}

// No refusal is declared, in the packages that the contracts draw from, that no
// test provokes.
func TestEveryRefusalIsProvoked(t *testing.T) {
	provoked := map[string]bool{}
	for _, c := range contracts {
		for _, tt := range c.table {
			provoked[tt.code] = true
		}
	}
	for _, dir := range []string{".", "../../envelope", "../../pedigree"} {
		codes := declared(t, dir)
		if len(codes) == 0 {
			t.Errorf("%s declares no refusal", dir)
		}
		for _, code := range codes {
			if _, known := elsewhere[code]; provoked[code] == known {
				t.Errorf("refusal %q of %s: provoked %t, listed as not from here %t", code, dir, provoked[code], known)
			}
		}
	}
}

// declared returns the codes of the calls refusal.New(code, text) in a folder.
func declared(t *testing.T, dir string) (codes []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "New" {
				return true
			}
			x, isName := sel.X.(*ast.Ident)
			code, isText := call.Args[0].(*ast.BasicLit)
			if isName && isText && x.Name == "refusal" {
				s, err := strconv.Unquote(code.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, s)
			}
			return true
		})
	}
	slices.Sort(codes)
	return codes
}
