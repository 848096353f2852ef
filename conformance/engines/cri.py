"""cri.py DESCRIPTORS SOCKET METHOD [seconds]

One call of the Container Runtime Interface, as a kubelet makes it. The request is JSON on stdin, the answer is JSON on
stdout, both with the names of cri.proto, of which DESCRIPTORS is the compiled form. A refusal is `CODE: text` on
stderr, and exit status 1.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SERVICES = ("runtime.v1.RuntimeService", "runtime.v1.ImageService")


def main(descriptors, socket, method, seconds="60"):
    pool = descriptor_pool.DescriptorPool()
    with open(descriptors, "rb") as file:
        for described in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            pool.Add(described)
    services = (pool.FindServiceByName(name) for name in SERVICES)
    service = next(service for service in services if method in service.methods_by_name)
    types = service.methods_by_name[method]
    request = json_format.ParseDict(json.load(sys.stdin), message(pool, types.input_type)())
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(
            f"/{service.full_name}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message(pool, types.output_type).FromString,
        )
        try:
            answer = call(request, timeout=float(seconds))
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    said = json_format.MessageToDict(answer, including_default_value_fields=True, preserving_proto_field_name=True)
    json.dump(said, sys.stdout)


def message(pool, type):
    return message_factory.MessageFactory(pool).GetPrototype(type)


main(*sys.argv[1:])
