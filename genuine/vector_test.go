package genuine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

var update = flag.Bool("update", false, "have node compute testdata/vector.json anew")

// A vector is what mark.mjs is given, and what comes of it.
type vector struct {
	Input struct {
		Judgment    canon.ID `json:"judgment"`
		Consignment struct {
			Chain   string            `json:"chain"`
			Counter uint64            `json:"counter"`
			Epoch   uint64            `json:"epoch"`
			Fields  map[string]string `json:"fields"`
			From    string            `json:"from"`
			Line    canon.Digest      `json:"line"`
			Place   string            `json:"place"`
			Secret  canon.Digest      `json:"secret"`
			To      string            `json:"to"`
		} `json:"consignment"`
		Items    []string `json:"items"`
		Identify struct {
			Registration canon.Digest `json:"registration"`
			Index        uint64       `json:"index"`
			Consignee    string       `json:"consignee"`
			Place        string       `json:"place"`
			Nonce        canon.ID     `json:"nonce"`
		} `json:"identify"`
		Criteria struct {
			Salt canon.ID `json:"salt"`
			List []struct {
				Feature string `json:"feature"`
				High    int64  `json:"high"`
				Low     int64  `json:"low"`
				Unit    string `json:"unit"`
			} `json:"list"`
		} `json:"criteria"`
		Code struct {
			Secret  canon.Bytes  `json:"secret"`
			GTIN    gs1.GTIN     `json:"gtin"`
			Serial  gs1.Serial   `json:"serial"`
			Batch   canon.Digest `json:"batch"`
			Index   uint64       `json:"index"`
			Browser canon.Bytes  `json:"browser"`
		} `json:"code"`
	} `json:"input"`
	Output output `json:"output"`
}

type output struct {
	Transactions []mark       `json:"transactions"`
	Root         canon.Digest `json:"root"`
	Proof        canon.Bytes  `json:"proof"`
	Measured     canon.Digest `json:"measured"`
	Criteria     canon.Digest `json:"criteria"`
	Code         struct {
		Printed string       `json:"printed"`
		V       canon.Digest `json:"v"`
		Proof   canon.Bytes  `json:"proof"`
	} `json:"code"`
}

type mark struct {
	U    string       `json:"u"`
	Key  canon.Bytes  `json:"key"`
	V    canon.Digest `json:"v"`
	Mark canon.Digest `json:"mark"`
}

func readVector(t *testing.T) *vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/vector.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if len(v.Input.Items) == 0 || !*update && len(v.Output.Transactions) != len(v.Input.Items) {
		t.Fatalf("testdata/vector.json has %d items and %d transactions", len(v.Input.Items), len(v.Output.Transactions))
	}
	return &v
}

// The formats page is enough to come to the same keys: another program did.
func TestVector(t *testing.T) {
	v := readVector(t)
	if d := cmp.Diff(v.ours(t), v.Output); d != "" {
		t.Errorf("ours is not the vector's (-got +want):\n%s", d)
	}
}

// ours is what package genuine makes of the input.
func (v *vector) ours(t *testing.T) (out output) {
	t.Helper()
	in, c := &v.Input, &v.Input.Consignment
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	plan := genuine.Consignment{
		Chain: c.Chain, Counter: c.Counter, Epoch: c.Epoch, Fields: c.Fields, From: c.From, Line: c.Line, Place: c.Place,
		Secret: c.Secret, To: c.To,
	}
	key, readings := v.key()
	device := ledgertest.NewDevice(&ledgertest.Org{T: t})
	var marks chain.Hashes
	for i, item := range in.Items {
		u := plan.Transaction(uint64(i), item)
		raw, err := canon.JSON(u)
		must(err)
		verification, err := key.Verification(readings, u)
		must(err)
		ch := genuine.Challenge{
			Registration: in.Identify.Registration, Consignee: in.Identify.Consignee, Place: in.Identify.Place, Nonce: in.Identify.Nonce, Transaction: *u,
		}
		a, err := key.Answer(&ch, readings, device.Key)
		must(err)
		marks = append(marks, chain.MarkLeaf(verification))
		out.Transactions = append(out.Transactions, mark{string(raw), a.Key, verification, marks[i]})
		if u.Index == in.Identify.Index {
			arg := chain.Identify{Registration: ch.Registration, Index: u.Index, Place: ch.Place, Nonce: ch.Nonce, Key: a.Key}
			out.Proof, out.Measured = a.Proof, arg.Measured(c.Chain, ch.Consignee)
		}
	}
	out.Root = genuine.NewMarkTree(marks).Root()
	var err error
	out.Criteria, err = key.Digest()
	must(err)
	code, pack := genuine.NewCode(in.Code.Secret, in.Code.Serial), gs1.SGTIN{GTIN: in.Code.GTIN, Serial: in.Code.Serial}
	out.Code.Printed = code.Printed()
	out.Code.V, err = code.Verification(pack)
	must(err)
	r := chain.Redeem{Batch: in.Code.Batch, Index: in.Code.Index, Browser: in.Code.Browser}
	must(code.Redeem(c.Chain, pack, &r))
	out.Code.Proof = r.Proof
	return out
}

// key is the line's, with readings that are just legitimate.
func (v *vector) key() (*genuine.LineKey, []genuine.Reading) {
	in := &v.Input
	key := &genuine.LineKey{Line: in.Consignment.Line, Epoch: in.Consignment.Epoch, J: genuine.Judgment(in.Judgment), Salt: in.Criteria.Salt}
	var readings []genuine.Reading
	for _, x := range in.Criteria.List {
		key.Criteria = append(key.Criteria, genuine.Criterion{Feature: x.Feature, High: genuine.Quantity(x.High), Low: genuine.Quantity(x.Low), Unit: x.Unit})
		readings = append(readings, genuine.Reading{Feature: x.Feature, Unit: x.Unit, Value: genuine.Quantity(x.Low)})
	}
	return key, readings
}

// Node comes to the vector by itself.
func TestVectorByNode(t *testing.T) {
	program, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("node is missing: the vector was not computed")
		}
		t.Skip("SKIPPED: node is missing, so testdata/mark.mjs computed nothing")
	}
	v := readVector(t)
	in, err := json.Marshal(v.Input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "testdata/mark.mjs")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("%v: %s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	var got output
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if *update {
		v.Output = got
		raw, err := json.MarshalIndent(v, "", " ")
		if err == nil {
			err = os.WriteFile("testdata/vector.json", append(raw, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(got, v.Output); d != "" {
		t.Errorf("node's is not the vector's (-got +want):\n%s", d)
	}
}
