package pedigree

import (
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// A Message is what crosses the wire. It names neither its receiver nor its
// kind.
type Message struct {
	Fields Fields
	Sig    Signature
}

// A Party is a registered role.
type Party struct {
	Role Role
	KeyPair
	Centre *Centre
	DeltaT time.Duration // ΔT
}

// Send makes the message of exchange x, step 1: equations 2 to 5. f holds all
// but ID and TS; k is the nonce.
func (p *Party) Send(x Exchange, f Fields, now time.Time, k *big.Int) (Message, error) {
	o := p.Centre.Costs.At(x.Phase(), p.Role)
	f[ID], f[TS] = p.ID, strconv.FormatInt(now.Unix(), 10)
	f = f.only(x.Fields())
	sig, err := o.Sign(p.D, k, o.hash(f.pick(x.Fields())...)) // (2)–(5)
	if err != nil {
		return Message{}, fmt.Errorf("%v, equation %d: %w", x, x.Equation(5), err)
	}
	p.Centre.Costs.sent(x.Phase(), x.bits(Printed))
	return Message{f, sig}, nil
}

// Receive is step 2 of exchange x, in the printed order: time, signature,
// contract (which signs with the nonce k), BC, upload. It returns BC. Nothing
// remembers a message, so that the same one is taken again.
func (p *Party) Receive(x Exchange, m Message, now time.Time, k *big.Int) (string, error) {
	c := p.Centre
	o := c.Costs.At(x.Phase(), p.Role)
	o.Cmp++
	ts, err := strconv.ParseInt(m.Fields[TS], 10, 64)
	if err != nil || now.Sub(time.Unix(ts, 0)) > p.DeltaT { // (6)
		return "", fmt.Errorf("%v, equation %d: %w", x, x.Equation(6), ErrStale)
	}
	q, err := c.PublicKey(m.Fields[ID])
	if err != nil {
		return "", fmt.Errorf("%v: %w", x, err)
	}
	z := o.hash(m.Fields.pick(x.Fields())...)     // (7)
	if err := o.Verify(q, z, m.Sig); err != nil { // (8)–(11)
		return "", fmt.Errorf("%v, equation %d: %w", x, x.Equation(11), err)
	}
	if err := c.Insert(x, m.Fields, k); err != nil {
		return "", fmt.Errorf("%vins: %w", x, err)
	}
	if !c.Check(x, m.Fields) {
		return "", fmt.Errorf("%vchk: %w", x, ErrContract)
	}
	c.Costs.At(x.Phase(), x.From()).Sig++ // the contract's sign line
	o.Sig++                               // and its verify line
	bc := o.bc(m.Sig)                     // (12)
	c.Upload(x, m.Fields[IDBC], bc, m.Sig)
	return bc, nil
}

// Certify makes Cert_D from a certificate's text (V-B: "signed by the drug
// administration with its private key").
func (p *Party) Certify(text string, k *big.Int) (string, error) {
	sig, err := new(Ops).Sign(p.D, k, new(Ops).hash(text))
	if err != nil {
		return "", fmt.Errorf("Cert_D: %w", err)
	}
	p.Centre.Costs.At(Approval, p.Role).Sig++
	return text + string(sig.Bytes()), nil
}

// VerifyCert checks Cert_D by the drug administration's public key and returns
// its text. Nothing ties the text to a pack or a case.
func VerifyCert(cert string, da Point) (string, error) {
	at := max(len(cert)-2*size, 0)
	sig, err := ParseSignature([]byte(cert[at:]))
	if err != nil {
		return "", fmt.Errorf("Cert_D: %w", err)
	}
	if err := new(Ops).Verify(da, new(Ops).hash(cert[:at]), sig); err != nil {
		return "", fmt.Errorf("Cert_D: %w", err)
	}
	return cert[:at], nil
}

// A Drug is what the six messages of one drug say.
type Drug struct {
	IDBC, MUI, UI          string
	Certificate            string // the text of Cert_D
	Details                [6]string
	Produced, Expiry, Cost string
}

// fields returns what the drug puts into exchange x.
func (d Drug) fields(x Exchange) Fields {
	f := Fields{Detail: d.Details[x], IDBC: d.IDBC, MUI: d.MUI, UI: d.UI, Date: d.Produced, Cost: d.Cost}
	if x == DMDD {
		f[Date] = d.Expiry
	}
	return f
}

// Trade takes one drug through the six exchanges, everybody honest, and returns
// the messages. k gives a nonce at each call.
func Trade(by map[Role]*Party, d Drug, now time.Time, k func() *big.Int) ([6]Message, error) {
	var sent [6]Message
	var bc, cert string
	for x := DMMS; x <= DDDM; x++ {
		var err error
		if x == DADM {
			if cert, err = by[DA].Certify(d.Certificate, k()); err != nil {
				return sent, err
			}
		}
		f := d.fields(x)
		f[Prev], f[Cert] = bc, cert
		if sent[x], err = by[x.From()].Send(x, f, now, k()); err != nil {
			return sent, err
		}
		if bc, err = by[x.To()].Receive(x, sent[x], now, k()); err != nil {
			return sent, err
		}
	}
	return sent, nil
}
