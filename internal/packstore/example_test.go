package packstore_test

import (
	"context"
	"fmt"
	"os"

	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/packstore"
	"theriac/merkle"
	"theriac/pedigree"
)

// A manufacturer whose packaging line has printed serial numbers of its own
// builds their batch, and proves one pack.
func ExampleStore_Build() {
	dir, err := os.MkdirTemp("", "packs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := packstore.Open(dir)
	if err != nil {
		panic(err)
	}
	defer store.Close()

	id := chain.BatchID("9506000134352", "09506000134352", "A17")
	batch, err := store.Build(context.Background(), packstore.Spec{
		ID: id, GTIN: "09506000134352", Lot: "A17", Expiry: "2027-03-31",
		Secret: pedigree.NewBatchSecret([]byte("from the key store"), id),
		Size:   3,
		Serials: func(yield func(gs1.Serial, error) bool) {
			for _, s := range []gs1.Serial{"1001", "1002", "1003"} {
				if !yield(s, nil) {
					return
				}
			}
		},
	}, nil)
	if err != nil {
		panic(err)
	}
	defer batch.Close()

	index, pack, err := batch.Find("1002")
	if err != nil {
		panic(err)
	}
	proof, err := batch.Prove(index)
	if err != nil {
		panic(err)
	}
	facts := batch.Facts()
	fmt.Println(facts.Size, "packs")
	fmt.Println(pack.Serial, merkle.VerifyInclusion(pack.Leaf(), index, facts.Size, proof, facts.Root))
	_, _, err = batch.Find("1004")
	fmt.Println(err)
	// Output:
	// 3 packs
	// 1002 <nil>
	// packstore: not found
}
