"""The service's OpenAPI document as tests use it: what it says of an answer, and requests made from it. Standard library only."""

import json


class Document:
    def __init__(self, document):
        self.document = document

    def operations(self):
        """(method, path pattern, operation) of each."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def resolved(self, schema):
        while "$ref" in schema:
            found = self.document
            for name in schema["$ref"][2:].split("/"):
                found = found[name]
            schema = found
        return schema

    def answer_schema(self, operation, status, media):
        """The schema of an answer of that status and type. KeyError where the document has none."""
        responses = operation["responses"]
        response = self.resolved(responses[str(status)] if str(status) in responses else responses[f"{status // 100}XX"])
        return response.get("content", {})[media].get("schema", {})

    def problems(self, value, schema, where="answer"):
        """Why the value does not fit, one line each. Objects are closed: a member that no schema names is a problem."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            found = [self.problems(value, one, where) for one in schema["anyOf"]]
            return [] if [] in found else min(found, key=len)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(is_type(value, name) for name in types):
            return [f"{where}: expected {types} but got {json.dumps(value)[:120]}"]
        if value is None:
            return []
        problems = []
        if "enum" in schema and value not in schema["enum"]:
            problems.append(f"{where}: expected one of {schema['enum']} but got {value!r}")
        if is_type(value, "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            problems.append(f"{where}: {value} is out of bounds")
        if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            problems.append(f"{where}: a text of length {len(value)}")
        if isinstance(value, list):
            for index, item in enumerate(value):
                problems += self.problems(item, schema.get("items", {}), f"{where}[{index}]")
        if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
            problems += self.member_problems(value, schema, where)
        return problems

    def member_problems(self, value, schema, where):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", False)
        problems = [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in properties:
                problems += self.problems(member, properties[name], f"{where}.{name}")
            elif more is False:
                problems.append(f"{where}.{name} is not in the document")
            elif more is not True:
                problems += self.problems(member, more, f"{where}.{name}")
        return problems

    def sample(self, schema, chance):
        """Some value that fits."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            return self.sample(chance.choice(schema["anyOf"]), chance)
        if "enum" in schema:
            return chance.choice(schema["enum"])
        types = schema.get("type", ["string", "integer", "null"])
        name = types if isinstance(types, str) else chance.choice(types)
        if name == "object":
            members = schema.get("properties", {})
            kept = [key for key in members if key in schema.get("required", []) or chance.random() < 0.4]
            return {key: self.sample(members[key], chance) for key in kept}
        if name == "array":
            return [self.sample(schema.get("items", {}), chance) for _ in range(chance.randrange(3))]
        if name == "string":
            return "a red cat " * max(1, schema.get("minLength", 0) // 10)
        low, high = schema.get("minimum", 0), schema.get("maximum", 100)
        return {"integer": lambda: chance.randint(int(low), int(high)), "number": lambda: chance.uniform(low, high),
                "boolean": lambda: chance.random() < 0.5, "null": lambda: None}[name]()


def is_type(value, name):
    if name in ("integer", "number"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and (whole or (name == "number" and isinstance(value, float)))
    kinds = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}
    return isinstance(value, kinds[name])
