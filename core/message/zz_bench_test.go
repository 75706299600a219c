package message
import ("testing")
var call = []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hello","uppercase":true}}}`)
func BenchmarkParse(b *testing.B){ b.ReportAllocs(); for i:=0;i<b.N;i++ { if _,err:=ParseJSON(call);err!=nil{b.Fatal(err)} } }
func BenchmarkQuote(b *testing.B){ b.ReportAllocs(); dst:=make([]byte,0,1000); for i:=0;i<b.N;i++ { dst=AppendString(dst[:0], "hello é\n") } }
