package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/refusal"
)

type redeemCmd struct {
	Server    string `help:"Address of any organisation's API." default:"http://127.0.0.1:8080" env:"THERIAC_SERVER" placeholder:"URL"`
	Trust     string `help:"The trust root that you pin: then the server is not believed about which code the pack has." placeholder:"FILE"`
	JSON      bool   `help:"Print the answer as JSON."`
	Code      string `arg:"" help:"What is on the pack; or all that the symbol under the coating says."`
	Concealed string `arg:"" optional:"" help:"The code under the coating, or - for standard input."`
}

// Help implements kong.HelpProvider.
func (redeemCmd) Help() string {
	return `The code stays here: a key that is derived from it signs a key of this user's, and
that is what the ledger gets. Asked again, the same user is told that it was him. Exit
status: 0 the first, 1 somebody else was before, or the code is not the pack's, 2 usage,
3 cannot be decided now.

  theriac redeem '(01)09521141200018(21)YTS96KFP0MFW45QY' 6T7TQA-3BHRR6-WVPTBS-0J0HGQ48`
}

// A redemption is what redeem prints.
type redemption struct {
	Outcome  string `json:"outcome"` // first, before, wrong_code, refused, cannot_check
	At       string `json:"at,omitempty"`
	By       string `json:"by,omitempty"`       // GLN of who relayed it
	Evidence string `json:"evidence,omitempty"` // verdict on the pack, with a pinned trust root
	Proven   bool   `json:"proven"`             // by evidence under it, and not the server's word
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// Outcomes of a redemption, with what people read and the exit status.
var redemptions = map[string]struct {
	words  string
	status int
}{
	"first":        {"FIRST: it was you, and nobody before you", exitGenuine},
	"before":       {"REDEEMED BEFORE by somebody else: do not use", exitRefused},
	"wrong_code":   {"WRONG CODE: it is not this pack's. Mistyped, or a counterfeit", exitRefused},
	"refused":      {"DO NOT USE", exitRefused},
	"cannot_check": {"CANNOT CHECK", exitUndecided},
}

func (r *redeemCmd) Run(ctx context.Context, con *console) error {
	pack, code, err := r.read(os.Stdin)
	if err != nil {
		fmt.Fprintln(con.err, "theriac:", err)
		return exit(exitUsage)
	}
	out := &redemption{}
	if err := r.redeem(ctx, pack, code, out); err != nil {
		out.Code, out.Detail = refusal.Code(err), err.Error()
		out.Outcome = outcomeOf(err)
	}
	if r.JSON {
		if err := printJSON(con.out, out); err != nil {
			return err
		}
	} else {
		out.print(con)
	}
	if status := redemptions[out.Outcome].status; status != exitGenuine {
		return exit(status)
	}
	return nil
}

// outcomeOf names what an error says of the pack: of most, nothing.
func outcomeOf(err error) string {
	switch {
	case errors.Is(err, genuine.ErrCode):
		return "wrong_code"
	case errors.Is(err, ledger.ErrRedeemed):
		return "before"
	case slices.Contains([]string{"unknown_serial", "label_mismatch", "unknown_pack"}, refusal.Code(err)):
		return "refused"
	}
	return "cannot_check"
}

func (r *redemption) print(con *console) {
	con.printf("%s\n", redemptions[r.Outcome].words)
	for _, line := range [][2]string{{"redeemed", r.At}, {"relayed by", r.By}, {"evidence", r.Evidence}, {"why", r.Detail}} {
		if line[1] != "" {
			con.printf("  %-12s %s\n", line[0], line[1])
		}
	}
	if r.At != "" && !r.Proven {
		con.printf("  note         who was first, and when, is the server's word; pin a trust root with --trust\n")
	}
}

// read returns the pack and the code, which may stand in one.
func (r *redeemCmd) read(in io.Reader) (pack gs1.Identifier, code genuine.Code, err error) {
	link, concealed := genuine.CutFragment(r.Code)
	switch r.Concealed {
	case "":
	case "-":
		raw, err := io.ReadAll(io.LimitReader(in, 1000))
		if err != nil {
			return pack, code, err
		}
		concealed = strings.TrimSpace(string(raw))
	default:
		concealed = r.Concealed
	}
	if pack, err = gs1.ParseIdentifier(link, time.Now()); err != nil {
		return pack, code, err
	}
	code, err = genuine.ParseCode(concealed)
	return pack, code, err
}

func (r *redeemCmd) redeem(ctx context.Context, pack gs1.Identifier, code genuine.Code, out *redemption) error {
	c, err := client.New(r.Server, "")
	if err != nil {
		return err
	}
	visible, err := pack.Bracketed()
	if err != nil {
		return err
	}
	where, err := client.Get[api.Redeemable](ctx, c, "/v1/redeemable", url.Values{"code": {visible}})
	if err != nil {
		return err
	}
	browser, err := browserKey(where)
	if err != nil {
		return err
	}
	arg := chain.Redeem{Batch: where.Batch, Index: where.Index, Path: where.Path, Browser: browser}
	if err := code.Redeem(where.Chain, gs1.SGTIN{GTIN: pack.GTIN, Serial: pack.Serial}, &arg); err != nil {
		return err
	}
	if r.Trust != "" {
		if err := r.proven(ctx, c, pack, where, out); err != nil {
			return err
		}
	}
	if mark := chain.MarkLeaf(chain.Verification(arg.Key)); canon.Digest(mark) != where.Mark {
		return genuine.ErrCode
	}
	done, err := c.Redeem(ctx, api.Redeeming{
		Batch: arg.Batch, Index: arg.Index, Path: arg.Path, Key: arg.Key, Proof: arg.Proof, Browser: arg.Browser,
	})
	if done == nil {
		return err
	}
	out.At, out.By = chain.Time(done.At).UTC().Format(time.RFC3339), done.By
	if r.Trust != "" {
		if err := r.confirm(ctx, c, pack, browser, done, out); err != nil {
			return err
		}
	}
	out.Outcome = "before"
	if done.First {
		out.Outcome = "first"
	} else if err == nil {
		err = ledger.ErrRedeemed
	}
	return err
}

// confirm gets the evidence again, which has the ledger's record now, and takes its word
// for the server's. Where it does not come, or is refused before that, the server's
// stands: the code is redeemed in any case.
func (r *redeemCmd) confirm(ctx context.Context, c *client.Client, pack gs1.Identifier, browser []byte, done *api.Redeemed, out *redemption) error {
	_, verdict, err := r.evidence(ctx, c, pack)
	if err != nil || !verdict.Facts.Codes {
		return nil
	}
	record := verdict.Facts.Redeemed
	if record == nil {
		return errElsewhere
	}
	done.First, out.Proven = record.Browser == canon.Sum(browser), true
	out.At, out.By = record.At.UTC().Format(time.RFC3339), record.By
	return nil
}

// proven holds what the server says of the pack's code against evidence under the pinned
// trust root: that the pack is of this batch at this place, and the mark under the root
// of its codes.
func (r *redeemCmd) proven(ctx context.Context, c *client.Client, pack gs1.Identifier, where *api.Redeemable, out *redemption) error {
	bundle, verdict, err := r.evidence(ctx, c, pack)
	if err != nil {
		return err
	}
	out.Evidence = strings.TrimSuffix(fmt.Sprintf("%s, %s", verdict.Verdict, verdict.Reason), ", ")
	batch, err := provenBatch(bundle, verdict)
	if err != nil {
		return err
	}
	release := &batch.Release
	at := chain.BatchID(batch.Holder, release.GTIN, release.Lot)
	// The evidence is of the chain whose validators are pinned.
	if where.Chain != bundle.Chain[0].Header.ChainID || where.Batch != at || where.Index != bundle.Pack.Index {
		return errElsewhere
	}
	if merkle.VerifyInclusion(merkle.Hash(where.Mark), where.Index, release.Size, where.Path, merkle.Hash(release.Codes)) != nil {
		return errElsewhere
	}
	return nil
}

// evidence gets the evidence of the pack and verifies it under the pinned trust root.
func (r *redeemCmd) evidence(ctx context.Context, c *client.Client, pack gs1.Identifier) (*theriac.Bundle, *theriac.Verdict, error) {
	pinned, err := os.ReadFile(r.Trust)
	if err != nil {
		return nil, nil, err
	}
	trust, err := theriac.ParseTrust(pinned)
	if err != nil {
		return nil, nil, err
	}
	visible, err := pack.Bracketed()
	if err != nil {
		return nil, nil, err
	}
	raw, err := c.Bundle(ctx, visible)
	if err != nil {
		return nil, nil, err
	}
	bundle, err := theriac.ParseBundle(raw)
	if err != nil {
		return nil, nil, err
	}
	verdict := bundle.VerifyCode(pack, trust, time.Now())
	return bundle, &verdict, nil
}

// errElsewhere is returned for a server that says something else of a pack's code than
// the evidence: then nothing is handed in.
var errElsewhere = errors.New("the server speaks of another code than the pack has on the ledger")

// provenBatch returns the record of the pack's batch from evidence, whatever the verdict
// on the pack is: most packs that are redeemed were dispensed before.
func provenBatch(b *theriac.Bundle, v *theriac.Verdict) (*chain.Batch, error) {
	if !slices.ContainsFunc(v.Checks, func(c theriac.Check) bool { return c.OK && c.Step == theriac.StepPack }) {
		return nil, fmt.Errorf("the evidence does not prove the pack: %s", v.Reason)
	}
	for i := range b.State {
		if strings.HasPrefix(string(b.State[i].Key), "batch/") && b.State[i].Value != nil {
			var batch chain.Batch
			return &batch, canon.DecodeCBOR(b.State[i].Value, &batch)
		}
	}
	return nil, errors.New("the evidence has no batch")
}
