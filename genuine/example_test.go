package genuine_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	"log"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
)

// A maker registers a case of tablets, which its consignee identifies with the
// deliverer's device. Of a counterfeit that device says nothing.
func Example() {
	device, seal := newDevice()
	line := &chain.Line{Maker: "4000000000037", Put: chain.PutLine{GTIN: "04000003000010", Epoch: 1, Devices: []chain.Device{device.record}}}
	key := &genuine.LineKey{
		Line: chain.LineID(line.Maker, line.Put.GTIN), Epoch: 1, Salt: canon.ID(random(16)), J: genuine.Judgment(random(16)),
		Criteria: []genuine.Criterion{{Feature: "mass", Unit: "kg", Low: 4_900_000, High: 5_100_000}},
	}
	mass := func(kg string) []genuine.Reading {
		q, err := genuine.ParseQuantity(kg)
		check(err)
		return []genuine.Reading{{Feature: "mass", Unit: "kg", Value: q}}
	}

	// Registration (3.2). The marks' root goes to the ledger, the consignment sealed to
	// the consignee.
	consignment := &genuine.Consignment{
		Chain: "theriac", Counter: 1, Epoch: 1, From: line.Maker, Line: key.Line, Place: "4000000000051", To: "4000000000051",
		Secret: [32]byte(random(32)), Item: "00340000030000000011",
	}
	v, err := key.Verification(mass("5.013"), consignment.Transaction(0, ""))
	check(err)
	marks := genuine.NewMarkTree(chain.Hashes{chain.MarkLeaf(v)})
	registration := &chain.Registration{From: line.Maker, Terms: chain.Terms{
		Line: key.Line, Epoch: 1, Counter: 1, To: consignment.To, Place: consignment.Place, Root: marks.Root(), Whole: true,
	}}

	// Verification (3.3): the consignee asks, sealed, and the deliverer's device measures.
	challenge := &genuine.Challenge{
		Registration: canon.Sum([]byte("its name")), Consignee: consignment.To, Place: consignment.Place, Nonce: canon.ID(random(16)),
		Transaction: *consignment.Transaction(0, ""),
	}
	sealed, err := challenge.Seal(&device.record)
	check(err)
	asked, err := genuine.OpenChallenge(&device.record, seal, sealed)
	check(err)
	_, err = key.Answer(asked, mass("5.100001"), device.key)
	fmt.Println(err)
	answer, err := key.Answer(asked, mass("4.97"), device.key)
	check(err)

	// Identification (3.4): what the ledger is given, and checks once more.
	path, err := marks.Path(0)
	check(err)
	_, err = challenge.Identify(answer, path, registration, line)
	fmt.Println(err)
	fmt.Println(key)
	// Output:
	// the thing is not legitimate
	// <nil>
	// [secret]
}

type exampleDevice struct {
	record chain.Device
	key    *ecdsa.PrivateKey
}

// newDevice makes the keys of a measuring device.
func newDevice() (exampleDevice, hpke.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	pub, err := envelope.KeyOf(key)
	check(err)
	seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	check(err)
	return exampleDevice{chain.Device{Point: pub.Point(), Seal: seal.PublicKey().Bytes(), Operator: "4000000000044"}, key}, seal
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
